import Basics
import Foundation
import Kernels

/// The sum of microbatches' packed weight gradients along the tree of `Reduction`, whichever thread is done first.
///
/// As a counter carries: a gradient is added to the sum of as many microbatches before it, that to the sum of as many
/// before, and so on. Memory for a gradient is taken when it is made and given back once it was added: there is as much
/// as threads work side by side, and one more for each level of the tree. All microbatches pack alike, whatever their
/// size. Threads must take microbatches in order.
package final class GradientSum: @unchecked Sendable {
  private let parts: Int
  private let count: Int
  private let ops: any Ops
  private let condition = NSCondition()
  /// The microbatch that may be added next. Guarded by `condition`, as are `free` and `waiting`.
  private var turn = 0
  private var free: [FloatBuffer] = []
  /// By level: the sum of 2^level microbatches that waits for the next as many.
  private var waiting: [FloatBuffer?]

  init(count: Int, _ microbatches: Microbatches, ops: any Ops) {
    (self.count, parts, self.ops) = (count, microbatches.count, ops)
    waiting = Array(repeating: nil, count: Int.bitWidth - max(1, parts).leadingZeroBitCount)
  }

  /// Forgets what was added. Before each phase.
  func reset() {
    turn = 0
    for level in waiting.indices {
      if let sum = waiting[level].take() { free.append(sum) }
    }
  }

  /// Makes and adds the gradient of microbatch `part`; returns when it is added, and lets the next one in also when
  /// `make` fails.
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
    while part >> level & 1 == 1, let earlier = waiting[level].take() {
      ops.add(count, earlier.start, Floats(sum.start))
      unused.append(sum)
      (sum, level) = (earlier, level + 1)
    }
    waiting[level] = sum
    return unused
  }

  /// The sum over all microbatches: `count` floats, until the next `reset`. Once they are added.
  package func total(_ count: Int) -> Floats {
    // The higher the level, the earlier the microbatches.
    var last: FloatBuffer?
    for sum in waiting.compactMap(\.self) {
      if let last { ops.add(count, sum.start, Floats(last.start)) }
      last = sum
    }
    return Floats((last ?? FloatBuffer(count)).start)
  }

  /// A convolution's gradient of all microbatches to `target`, `[out, in, kernel, kernel]`.
  func unpack(_ kernel: any ConvolutionKernel, into target: MutableFloats, threads: WorkerThreads) throws {
    // An address of its own: the threads write to disjoint pieces of it.
    let places = Places(sum: total(kernel.packedCount(.backwardWeights)), target: target)
    try threads.tryForEach(kernel.gradientPieces) { piece, _ in
      try kernel.unpackGradient(places.sum, piece: piece, into: places.target)
    }
  }

  private struct Places: @unchecked Sendable {
    let sum: Floats
    let target: MutableFloats
  }
}
