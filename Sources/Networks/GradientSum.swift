import Basics
import Foundation
import Kernels

/// The sum of the packed weight gradients of this process's microbatches along the tree of `Reduction`, independent of
/// the order in which threads finish.
///
/// Works like the carry of a binary counter: a gradient is added to the gradient before it, the sum of the two to the
/// sum of the two before, and so on. Memory for a gradient is taken when the gradient is computed and released after it
/// was added: one buffer for each running thread, and one for each level of the tree. The packed layout is the same for
/// all sizes of microbatches. Threads must take microbatches in order.
package final class GradientSum: @unchecked Sendable {
  /// The number of microbatches of the whole batch.
  package let parts: Int
  /// This process's microbatches.
  private let share: Range<Int>
  private let count: Int
  private let ops: any Ops
  private let condition = NSCondition()
  /// The microbatch that may be added next. Guarded by `condition`, like `free`. While gradients are added, only the
  /// thread whose turn it is uses `waiting` and `finished`.
  private var turn = 0
  private var free: [FloatBuffer] = []
  /// By level: a sum of 2^level microbatches that waits for that of the next 2^level.
  private var waiting: [FloatBuffer?]
  /// Sums whose earlier neighbor belongs to another process, in order.
  private var finished: [FloatBuffer] = []

  package init(count: Int, _ microbatches: Microbatches, ops: any Ops) {
    (self.count, parts, share, self.ops) = (count, microbatches.counts.count, microbatches.share, ops)
    waiting = Array(repeating: nil, count: Int.bitWidth - max(1, parts).leadingZeroBitCount)
  }

  /// Discards all sums. Called before each phase.
  func reset() {
    turn = 0
    free += finished
    finished = []
    for level in waiting.indices {
      if let sum = waiting[level].take() { free.append(sum) }
    }
  }

  /// Computes and adds the gradient of microbatch `part`, counted from this process's first. Returns after it was
  /// added; also if `make` fails, the next microbatch gets its turn.
  /// - Parameters:
  ///   - count: floats of this layer's packed gradient.
  ///   - make: writes the gradient to the given place.
  package func add(_ part: Int, count: Int, make: (MutableFloats) throws -> Void) rethrows {
    let gradient = condition.withLock { free.popLast() } ?? FloatBuffer(self.count)
    var isMade = false
    defer {
      condition.withLock { while turn != part { condition.wait() } }
      // No other thread gets here until the turn is passed on.
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

  /// - Returns: memory that is no longer needed.
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

  /// The sums of this process's largest complete subtrees, in order (`ReductionTree.roots`): `count` floats each, valid
  /// until the next `reset`. Call it once, after all microbatches were added.
  package func roots(_ count: Int) -> [Floats] {
    // The higher the level, the earlier the microbatches.
    var tail: [FloatBuffer] = []
    for sum in waiting.compactMap(\.self) {
      // A subtree without a later neighbor moves up unchanged.
      if share.upperBound == parts, let last = tail.popLast() { ops.add(count, sum.start, Floats(last.start)) }
      tail.append(sum)
    }
    return (finished + tail.reversed()).map { Floats($0.start) }
  }

  /// The sum over all microbatches, if all belong to this process. The conditions of `roots` apply.
  package func total(_ count: Int) -> Floats { roots(count).first ?? Floats(FloatBuffer(count).start) }

  /// Unpacks a convolution's summed gradient to `target`, `[out, in, kernel, kernel]`.
  static func unpack(
    _ sum: Floats, _ kernel: any ConvolutionKernel, into target: MutableFloats, threads: WorkerThreads
  ) throws {
    // Sendable, because the threads write to disjoint pieces.
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
