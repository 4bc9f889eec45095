import Kernels

/// The only place where microbatches meet. What they give becomes one result along a binary tree over their indices,
/// whichever thread is done first: neighbours meet (0 and 1, 2 and 3, …), then neighbouring pairs, and so on; what has
/// no neighbour goes up alone. A run of microbatches that is a whole subtree can be summed elsewhere.
package protocol Reduction: Sendable {
  /// Merges all microbatches' rows into `rows.total`.
  /// - Parameter merge: adds the row of later microbatches to that of earlier ones.
  func fold(
    _ rows: PartRows, _ merge: (_ earlier: UnsafeMutablePointer<Double>, _ later: UnsafePointer<Double>) -> Void)
  /// A sum of weights' gradients, formed while microbatches finish.
  /// - Parameter count: floats of the largest packed gradient.
  func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum
}

/// All microbatches are of this process.
package struct LocalReduction: Reduction {
  package init() {}

  package func fold(
    _ rows: PartRows, _ merge: (_ earlier: UnsafeMutablePointer<Double>, _ later: UnsafePointer<Double>) -> Void
  ) {
    rows.copyForMerging()
    var step = 1
    while step < rows.parts {
      for part in stride(from: 0, to: rows.parts - step, by: 2 * step) {
        merge(rows.merged(part), rows.merged(part + step))
      }
      step *= 2
    }
  }

  package func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum {
    GradientSum(count: count, microbatches, ops: ops)
  }
}

/// A few doubles of each microbatch, written side by side, and what they become together.
package final class PartRows: @unchecked Sendable {
  package let parts: Int
  package let width: Int
  /// The rows, then as many again, in which they are merged.
  private let buffer: DoubleBuffer

  package init(parts: Int, width: Int) {
    (self.parts, self.width) = (parts, width)
    buffer = DoubleBuffer(2 * parts * width)
  }

  package subscript(_ part: Int) -> UnsafeMutablePointer<Double> { buffer.start + part * width }
  /// Of all microbatches, once they were merged.
  package var total: UnsafeMutablePointer<Double> { merged(0) }

  func merged(_ part: Int) -> UnsafeMutablePointer<Double> { buffer.start + (parts + part) * width }
  func copyForMerging() { merged(0).update(from: buffer.start, count: parts * width) }
}
