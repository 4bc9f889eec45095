import Basics
import Foundation
import Kernels

/// The sum of this process's microbatches' packed weight gradients along the tree of `Reduction`, whichever thread is
/// done first.
///
/// As a counter carries: a gradient is added to the sum of as many microbatches before it, that to the sum of as many
/// before, and so on. Memory for a gradient is taken when it is made and given back once it was added: there is as much
/// as threads work side by side, and one more for each level of the tree. All microbatches pack alike, whatever their
/// size. Threads must take microbatches in order.
package final class GradientSum: @unchecked Sendable {
  /// Microbatches of the whole batch.
  package let parts: Int
  /// This process's.
  private let share: Range<Int>
  private let count: Int
  private let ops: any Ops
  private let condition = NSCondition()
  /// The microbatch that may be added next. Guarded by `condition`, as are `free` and `waiting`.
  private var turn = 0
  private var free: [FloatBuffer] = []
  /// By level: the sum of 2^level microbatches that waits for the next as many.
  private var waiting: [FloatBuffer?]
  /// Sums whose earlier neighbor is another process's, in order.
  private var finished: [FloatBuffer] = []

  package init(count: Int, _ microbatches: Microbatches, ops: any Ops) {
    (self.count, parts, share, self.ops) = (count, microbatches.counts.count, microbatches.share, ops)
    waiting = Array(repeating: nil, count: Int.bitWidth - max(1, parts).leadingZeroBitCount)
  }

  /// Forgets what was added. Before each phase.
  func reset() {
    turn = 0
    free += finished
    finished = []
    for level in waiting.indices {
      if let sum = waiting[level].take() { free.append(sum) }
    }
  }

  /// Makes and adds the gradient of microbatch `part`, counted from this process's first; returns when it is added, and
  /// lets the next one in also when `make` fails.
  /// - Parameters:
  ///   - count: floats of this layer's packed gradient.
  ///   - make: writes the gradient to the given place.
  package func add(_ part: Int, count: Int, make: (MutableFloats) throws -> Void) rethrows {
    let gradient = condition.withLock { free.popLast() } ?? FloatBuffer(self.count)
    var isMade = false
    defer {
      condition.withLock { while turn != part { condition.wait() } }
      // Nobody else is here until the turn is passed on.
      let unused = isMade ? carry(part, gradient, count) : [gradient]
      condition.withLock {
        free += unused
        turn += 1
        condition.broadcast()
      }
    }
    try make(gradient.start)
    isMade = true
  }

  /// - Returns: memory that is not needed any more.
  private func carry(_ part: Int, _ gradient: FloatBuffer, _ count: Int) -> [FloatBuffer] {
    var (sum, unused, level) = (gradient, [FloatBuffer](), 0)
    while (share.lowerBound + part) >> level & 1 == 1 {
      guard let earlier = waiting[level].take() else {
        finished.append(sum)
        return unused
      }
      ops.add(count, earlier.start, Floats(sum.start))
      unused.append(sum)
      (sum, level) = (earlier, level + 1)
    }
    waiting[level] = sum
    return unused
  }

  /// The sums of this process's subtrees, as large as they come and in their order (`ReductionTree.roots`): `count`
  /// floats each, until the next `reset`. Once all microbatches are added; once.
  package func roots(_ count: Int) -> [Floats] {
    // The higher the level, the earlier the microbatches.
    var tail: [FloatBuffer] = []
    for sum in waiting.compactMap(\.self) {
      // What no microbatch follows goes up alone.
      if share.upperBound == parts, let last = tail.popLast() { ops.add(count, sum.start, Floats(last.start)) }
      tail.append(sum)
    }
    return (finished + tail.reversed()).map { Floats($0.start) }
  }

  /// The sum over all microbatches, where all are this process's. As `roots`.
  package func total(_ count: Int) -> Floats { roots(count).first ?? Floats(FloatBuffer(count).start) }

  /// A convolution's summed gradient to `target`, `[out, in, kernel, kernel]`.
  static func unpack(
    _ sum: Floats, _ kernel: any ConvolutionKernel, into target: MutableFloats, threads: WorkerThreads
  ) throws {
    // An address of its own: the threads write to disjoint pieces of it.
    let places = Places(sum: sum, target: target)
    try threads.tryForEach(kernel.gradientPieces) { piece, _ in
      try kernel.unpackGradient(places.sum, piece: piece, into: places.target)
    }
  }

  private struct Places: @unchecked Sendable {
    let sum: Floats
    let target: MutableFloats
  }
}
