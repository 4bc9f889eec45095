import Kernels

/// The only place where microbatches meet. What they give becomes one result along a binary tree over their indices,
/// whichever thread is done first: neighbors meet (0 and 1, 2 and 3, …), then neighboring pairs, and so on; what has
/// no neighbor goes up alone. A run of microbatches that is a whole subtree can be summed elsewhere.
package protocol Reduction: Sendable {
  /// Which of a batch's microbatches are this process's, of so many.
  func share(of microbatches: Int) -> Range<Int>
  /// Merges all microbatches' rows into `rows.total`.
  /// - Parameter merge: adds the row of later microbatches to that of earlier ones.
  func fold(
    _ rows: PartRows, _ merge: (_ earlier: UnsafeMutablePointer<Double>, _ later: UnsafePointer<Double>) -> Void) throws
  /// A sum of weights' gradients, formed while microbatches finish.
  /// - Parameter count: floats of the largest packed gradient.
  func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum
  /// Gives `use` the sum over all microbatches, `count` floats, now or before `settle` returns. All of this process's
  /// microbatches are added.
  func finish(_ sum: GradientSum, count: Int, _ use: @escaping (Floats) throws -> Void) throws
  /// Returns when every sum was used.
  func settle() throws
}

/// All microbatches are of this process.
package struct LocalReduction: Reduction {
  package init() {}

  package func share(of microbatches: Int) -> Range<Int> { 0..<microbatches }

  package func fold(
    _ rows: PartRows, _ merge: (_ earlier: UnsafeMutablePointer<Double>, _ later: UnsafePointer<Double>) -> Void
  ) {
    rows.copyForMerging()
    for pair in ReductionTree.pairs(rows.parts) { merge(rows.merged(pair.earlier), rows.merged(pair.later)) }
  }

  package func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum {
    GradientSum(count: count, microbatches, ops: ops)
  }

  package func finish(_ sum: GradientSum, count: Int, _ use: (Floats) throws -> Void) throws {
    try use(sum.total(count))
  }

  package func settle() {}
}

/// A few doubles of each microbatch of the batch, written side by side, and what they become together.
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

  /// The row in which the subtree that begins with `part` is merged. After `copyForMerging`.
  package func merged(_ part: Int) -> UnsafeMutablePointer<Double> { buffer.start + (parts + part) * width }
  package func copyForMerging() { merged(0).update(from: buffer.start, count: parts * width) }
}
