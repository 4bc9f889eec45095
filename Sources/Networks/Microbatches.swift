/// How a batch is cut into pieces that one thread takes at a time. It fixes the order of sums, and so the bits. A
/// process may have only some of them.
package struct Microbatches: Sendable, Equatable {
  /// Images of each of this process's microbatches, in order, counted from its first image.
  package let ranges: [Range<Int>]
  /// How many images each microbatch of the whole batch has.
  package let counts: [Int]
  /// Which of the batch's microbatches are this process's.
  package let share: Range<Int>
  /// Which of the batch's images are this process's.
  package let rows: Range<Int>

  /// - Parameters:
  ///   - size: images of a microbatch; the last may have fewer.
  ///   - share: says which are this process's, of so many; all where nothing is said.
  package init(batch: Int, size: Int, share: (_ microbatches: Int) -> Range<Int> = { 0..<$0 }) {
    let size = max(1, size)
    counts = stride(from: 0, to: batch, by: size).map { min(batch, $0 + size) - $0 }
    self.share = share(counts.count)
    let (first, end) = (min(batch, self.share.lowerBound * size), min(batch, self.share.upperBound * size))
    rows = first..<end
    ranges = self.share.map { $0 * size - first..<min(batch, ($0 + 1) * size) - first }
  }

  /// Of this process.
  package var count: Int { ranges.count }
  /// Images of all of this process's microbatches.
  package var images: Int { rows.count }
  /// The different numbers of images, larger first: one, or two where the batch's last microbatch is smaller.
  package var sizes: [Int] { Set(counts).sorted(by: >) }
  package var largest: Int { counts.max() ?? 0 }

  /// - Parameter part: counted from this process's first.
  package subscript(_ part: Int) -> Range<Int> { ranges[part] }
}
