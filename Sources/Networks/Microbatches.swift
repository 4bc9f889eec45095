/// The division of a batch into pieces that one thread takes at a time. It fixes the order of sums, and so the bits. A
/// process may have only some of the pieces.
package struct Microbatches: Sendable, Equatable {
  /// The images of each of this process's microbatches, in order, counted from its first image.
  package let ranges: [Range<Int>]
  /// The number of images in each microbatch of the whole batch.
  package let counts: [Int]
  /// This process's microbatches, as a range of the batch's microbatches.
  package let share: Range<Int>
  /// This process's images, as a range of the batch's images.
  package let rows: Range<Int>

  /// - Parameters:
  ///   - size: the number of images in a microbatch; the last one may have fewer.
  ///   - share: returns this process's range of microbatches; by default all.
  package init(batch: Int, size: Int, share: (_ microbatches: Int) -> Range<Int> = { 0..<$0 }) {
    let size = max(1, size)
    counts = stride(from: 0, to: batch, by: size).map { min(batch, $0 + size) - $0 }
    self.share = share(counts.count)
    let (first, end) = (min(batch, self.share.lowerBound * size), min(batch, self.share.upperBound * size))
    rows = first..<end
    ranges = self.share.map { $0 * size - first..<min(batch, ($0 + 1) * size) - first }
  }

  /// The number of this process's microbatches.
  package var count: Int { ranges.count }
  /// The number of images in all of this process's microbatches.
  package var images: Int { rows.count }
  /// The different sizes of microbatches, the larger first: one, or two if the batch's last microbatch is smaller.
  package var sizes: [Int] { Set(counts).sorted(by: >) }
  package var largest: Int { counts.max() ?? 0 }

  /// - Parameter part: the microbatch, counted from this process's first.
  package subscript(_ part: Int) -> Range<Int> { ranges[part] }
}
