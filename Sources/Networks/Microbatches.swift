/// How a batch is cut into pieces that one thread takes at a time. It fixes the order of sums, and so the bits.
package struct Microbatches: Sendable, Equatable {
  /// Images of each microbatch, in order.
  package let ranges: [Range<Int>]

  /// - Parameter size: images of a microbatch; the last may have fewer.
  package init(batch: Int, size: Int) {
    ranges = stride(from: 0, to: batch, by: max(1, size)).map { $0..<min(batch, $0 + max(1, size)) }
  }

  package var count: Int { ranges.count }
  /// Images of all microbatches.
  package var images: Int { ranges.last?.upperBound ?? 0 }
  /// The different numbers of images, larger first: one, or two where the last microbatch is smaller.
  package var sizes: [Int] { Set(ranges.map(\.count)).sorted(by: >) }
  package var largest: Int { ranges.map(\.count).max() ?? 0 }

  package subscript(_ part: Int) -> Range<Int> { ranges[part] }
}
