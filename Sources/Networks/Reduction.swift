import Basics
import Foundation
import Kernels

/// The only place where microbatches meet. What they give becomes one result in an order that their indices fix,
/// whichever thread is done first.
package protocol Reduction: Sendable {
  /// Merges every microbatch's row into `rows.total`, which begins as zeros.
  func fold(_ rows: PartRows, _ merge: (_ total: UnsafeMutablePointer<Double>, _ row: UnsafePointer<Double>) -> Void)
  /// A sum of weights' gradients, formed while microbatches finish.
  /// - Parameter count: floats of the largest packed gradient.
  func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum
}

/// All microbatches are of this process; sums run in their order.
package struct LocalReduction: Reduction {
  package init() {}

  package func fold(
    _ rows: PartRows, _ merge: (_ total: UnsafeMutablePointer<Double>, _ row: UnsafePointer<Double>) -> Void
  ) {
    rows.total.update(repeating: 0, count: rows.width)
    for part in 0..<rows.parts { merge(rows.total, rows[part]) }
  }

  package func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum {
    GradientSum(count: count, microbatches, ops: ops)
  }
}

/// A few doubles of each microbatch, written side by side, and what they become together.
package final class PartRows: @unchecked Sendable {
  package let parts: Int
  package let width: Int
  private let buffer: DoubleBuffer

  package init(parts: Int, width: Int) {
    (self.parts, self.width) = (parts, width)
    buffer = DoubleBuffer((parts + 1) * width)
  }

  package subscript(_ part: Int) -> UnsafeMutablePointer<Double> { buffer.start + part * width }
  package var total: UnsafeMutablePointer<Double> { buffer.start + parts * width }
}

/// The sum of microbatches' packed weight gradients, formed in microbatch order whichever thread is done first.
///
/// A microbatch's gradient waits in its thread's own memory for its turn: the sum costs memory by threads, not by
/// microbatches. Microbatches of another size may pack differently: each size has a sum of its own. Threads must take
/// microbatches in order.
package final class GradientSum: @unchecked Sendable {
  private let microbatches: Microbatches
  private let sizes: [Int]
  private let count: Int
  private let sums: FloatBuffer
  private let ops: any Ops
  private let condition = NSCondition()
  /// The microbatch that may be added next. Guarded by `condition`.
  private var turn = 0

  init(count: Int, _ microbatches: Microbatches, ops: any Ops) {
    (self.count, self.microbatches, self.ops) = (count, microbatches, ops)
    sizes = microbatches.sizes
    sums = FloatBuffer(count * sizes.count)
  }

  /// Forgets what was added. Before each phase.
  func reset() { turn = 0 }

  /// Makes and adds the gradient of microbatch `part`; returns when it is added, and lets the next one in also when
  /// `make` fails.
  /// - Parameters:
  ///   - count: floats of this layer's packed gradient.
  ///   - memory: of this thread.
  ///   - make: writes the gradient to the given place.
  package func add(
    _ part: Int, count: Int, memory: MutableFloats, make: (MutableFloats) throws -> Void
  ) rethrows {
    let size = microbatches[part].count
    let sum = place(size)
    let isFirst = microbatches.ranges.firstIndex { $0.count == size } == part
    var isMade = false
    defer {
      condition.withLock { while turn != part { condition.wait() } }
      if isMade, !isFirst { ops.add(count, sum, memory) }
      condition.withLock {
        turn += 1
        condition.broadcast()
      }
    }
    try make(isFirst ? sum : memory)
    isMade = true
  }

  private func place(_ size: Int) -> MutableFloats { sums.start + (sizes.firstIndex(of: size) ?? 0) * count }

  /// A convolution's gradient of all microbatches to `target`, `[out, in, kernel, kernel]`.
  func unpack(_ kernels: [Int: any ConvolutionKernel], into target: MutableFloats, threads: WorkerThreads) throws {
    for (index, size) in sizes.enumerated() {
      guard let kernel = kernels[size] else { continue }
      let extra = index == 0 ? nil : FloatBuffer(kernel.shape.weightCount)
      // An address of its own: the threads write to disjoint pieces of it.
      let place = Destination(extra?.start ?? target)
      try threads.tryForEach(kernel.gradientPieces) { piece, _ in
        try kernel.unpackGradient(self.place(size), piece: piece, into: place.start)
      }
      if let extra { ops.add(extra.count, target, extra.start) }
    }
  }

  private struct Destination: @unchecked Sendable {
    let start: MutableFloats
    init(_ start: MutableFloats) { self.start = start }
  }

  /// The plain sum over all microbatches, whose gradients are packed alike: `count` floats.
  package func total(_ count: Int) -> Floats {
    for size in sizes.dropFirst() { ops.add(count, sums.start, place(size)) }
    return Floats(sums.start)
  }
}
