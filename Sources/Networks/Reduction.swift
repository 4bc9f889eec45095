import Kernels

/// The only place where results of microbatches are combined. It uses a binary tree over their indices, independent of
/// the order in which threads finish: neighbors are merged (0 and 1, 2 and 3, …), then neighboring pairs, and so on; a
/// subtree without a neighbor moves up unchanged. Microbatches that form a complete subtree can be summed elsewhere.
package protocol Reduction: Sendable {
  /// This process's range of a batch's microbatches, given their number.
  func share(of microbatches: Int) -> Range<Int>
  /// Merges all microbatches' rows into `rows.total`.
  /// - Parameter merge: adds the row of later microbatches to that of earlier ones.
  func fold(
    _ rows: PartRows, _ merge: (_ earlier: UnsafeMutablePointer<Double>, _ later: UnsafePointer<Double>) -> Void) throws
  /// A sum of weight gradients, computed while microbatches finish.
  /// - Parameter count: floats of the largest packed gradient.
  func gradientSum(count: Int, _ microbatches: Microbatches, ops: any Ops) -> GradientSum
  /// Calls `use` with the sum over all microbatches, `count` floats, now or before `settle` returns. All of this
  /// process's microbatches must have been added.
  func finish(_ sum: GradientSum, count: Int, _ use: @escaping (Floats) throws -> Void) throws
  /// Returns after every sum was used.
  func settle() throws
}

/// The reduction if all microbatches belong to this process.
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

/// A row of a few doubles for each microbatch of the batch, and their merged result. Threads may write different rows
/// at the same time.
package final class PartRows: @unchecked Sendable {
  package let parts: Int
  package let width: Int
  /// The rows, then a copy of them in which they are merged.
  private let buffer: DoubleBuffer

  package init(parts: Int, width: Int) {
    (self.parts, self.width) = (parts, width)
    buffer = DoubleBuffer(2 * parts * width)
  }

  package subscript(_ part: Int) -> UnsafeMutablePointer<Double> { buffer.start + part * width }
  /// The result for all microbatches, after they were merged.
  package var total: UnsafeMutablePointer<Double> { merged(0) }

  /// The row in which the subtree that starts with `part` is merged. Valid after `copyForMerging`.
  package func merged(_ part: Int) -> UnsafeMutablePointer<Double> { buffer.start + (parts + part) * width }
  package func copyForMerging() { merged(0).update(from: buffer.start, count: parts * width) }
}
