import Kernels

/// The memory that one thread needs in a pass.
package struct ThreadScratch {
  /// For the kernels.
  package let kernel: MutableFloats
  /// A shortcut's part of one microbatch's input gradient.
  package let share: MutableFloats
}

/// Memory that is shared by all layers of a network, one after another. Layers state what they need when they are
/// created; then the memory is allocated once.
package final class Workspace: @unchecked Sendable {
  private var kernel = 0
  private var gradient = 0
  private var second = 0
  private var share = 0
  private var betweenCount = 0
  private var scratch = FloatBuffer(0)

  /// A gradient inside one layer, of the whole batch.
  package private(set) var between = FloatBuffer(0)
  private var sums: (first: GradientSum, second: GradientSum)?

  /// - Parameters:
  ///   - kernel, share: floats for each thread.
  ///   - gradient: floats of a packed weight gradient; `second`: those of another one that is summed in the same step.
  ///   - between: floats for the whole batch.
  package func need(kernel: Int = 0, gradient: Int = 0, second: Int = 0, share: Int = 0, between: Int = 0) {
    self.kernel = max(self.kernel, kernel)
    self.gradient = max(self.gradient, gradient, second)
    self.second = max(self.second, second)
    self.share = max(self.share, share)
    betweenCount = max(betweenCount, between)
  }

  func allocate(threads: Int, _ microbatches: Microbatches, _ reduction: any Reduction, ops: any Ops) {
    (kernel, gradient, share) = (Self.rounded(kernel + 16), Self.rounded(gradient), Self.rounded(share))
    scratch = FloatBuffer((kernel + share) * threads)
    between = FloatBuffer(betweenCount)
    sums = (
      reduction.gradientSum(count: gradient, microbatches, ops: ops),
      reduction.gradientSum(count: second, microbatches, ops: ops)
    )
  }

  private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  func scratch(_ thread: Int) -> ThreadScratch {
    let start = scratch.start + thread * (kernel + share)
    return ThreadScratch(kernel: start, share: start + kernel)
  }

  /// The two sums of weight gradients in the current step.
  package var gradientSums: (first: GradientSum, second: GradientSum) {
    guard let sums else { preconditionFailure("the workspace is not allocated") }
    return sums
  }

  /// Called before each phase.
  func resetSums() {
    sums?.first.reset()
    sums?.second.reset()
  }
}
