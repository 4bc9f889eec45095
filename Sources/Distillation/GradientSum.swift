import Basics
import Foundation
import Kernels

/// What one thread needs in a pass.
struct ThreadScratch {
  /// For the kernels.
  let kernel: Output
  /// One microbatch's packed weight gradient, before it is added to the others'.
  let gradient: Output
  /// A shortcut's share of one microbatch's input gradient.
  let share: Output
}

/// The sum of microbatches' packed weight gradients, formed in microbatch order whichever thread is done first.
///
/// A microbatch's gradient waits in its thread's own memory for its turn: the sum costs memory by threads, not by microbatches.
/// Microbatches of another size may pack differently: each size has a sum of its own. Threads must take microbatches in order.
final class GradientSum: @unchecked Sendable {
  private let cut: [Range<Int>]
  private let sizes: [Int]
  private let count: Int
  private let sums: FloatBuffer
  private let layers: any LayerKernels
  private let condition = NSCondition()
  /// The microbatch that may be added next. Guarded by `condition`.
  private var turn = 0

  /// - Parameter count: floats of the largest packed gradient.
  init(count: Int, cut: [Range<Int>], layers: any LayerKernels) {
    (self.count, self.cut, self.layers) = (count, cut, layers)
    sizes = Set(cut.map(\.count)).sorted(by: >)
    sums = FloatBuffer(count * sizes.count)
  }

  /// Forgets what was added. Before each layer's pass.
  func reset() { turn = 0 }

  /// Makes and adds the gradient of microbatch `part`; returns when it is added, and lets the next one in also when `make` fails.
  /// - Parameters:
  ///   - count: floats of this layer's packed gradient.
  ///   - memory: of this thread.
  ///   - make: writes the gradient to the given place.
  func add(_ part: Int, count: Int, memory: Output, make: (Output) throws -> Void) rethrows {
    let size = cut[part].count
    let sum = place(size)
    let isFirst = cut.firstIndex { $0.count == size } == part
    var isMade = false
    defer {
      condition.withLock { while turn != part { condition.wait() } }
      if isMade, !isFirst { layers.add(count, sum, memory) }
      condition.withLock {
        turn += 1
        condition.broadcast()
      }
    }
    try make(isFirst ? sum : memory)
    isMade = true
  }

  private func place(_ size: Int) -> Output { sums.start + (sizes.firstIndex(of: size) ?? 0) * count }

  /// The layer's gradient of all microbatches, `[out, in, kernel, kernel]`, to `target` from `offset` on.
  func unpack(
    _ kernels: [Int: any ConvolutionKernel], into target: FloatBuffer, at offset: Int, threads: WorkerThreads
  ) throws {
    for (index, size) in sizes.enumerated() {
      guard let kernel = kernels[size] else { continue }
      let extra = index == 0 ? nil : FloatBuffer(kernel.shape.weightCount)
      try threads.tryForEach(kernel.gradientPieces) { piece, _ in
        try kernel.unpackGradient(self.place(size), piece: piece, into: extra?.start ?? target.start + offset)
      }
      if let extra { layers.add(extra.count, target.start + offset, extra.start) }
    }
  }

  /// The plain sum over all microbatches, whose gradients are packed alike: `count` floats.
  func total(_ count: Int) -> Floats {
    for size in sizes.dropFirst() { layers.add(count, sums.start, place(size)) }
    return Floats(sums.start)
  }
}
