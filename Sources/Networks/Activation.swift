import Kernels

/// What lies between two layers, for the whole batch.
package struct Activation: Sendable {
  package let extent: Extent
  package let microbatches: Microbatches
  /// Written by a layer's forward steps and read by the next layer's. In the backward pass the next layer, once it
  /// needs the values no more, writes their gradient over them.
  package let values: FloatBuffer
  /// How many of the extent's rows an image has in a pass, where images differ in that; nil: all of them. The rows of a
  /// microbatch's images lie one behind another from `place` on.
  package let counts: RowCounts?
  /// What a reader does to the values as it reads them; nil: they lie there finished.
  package var prologue: Prologue?
  /// What a writer of the gradient does as it writes, for one microbatch, given what else flows into the same values;
  /// nil: nothing.
  package var gradientEpilogue: (@Sendable (_ part: Int, _ addend: GradientEpilogue.Addend?) -> GradientEpilogue)?
  /// What a writer of the gradient does once a microbatch's lies there.
  package var gradientIsWritten: (@Sendable (_ part: Int) -> Void)?

  package init(_ extent: Extent, _ microbatches: Microbatches, counts: RowCounts? = nil) {
    (self.extent, self.microbatches, self.counts) = (extent, microbatches, counts)
    values = FloatBuffer(extent.count)
  }

  /// Where a microbatch's values begin.
  package func place(_ part: Int) -> MutableFloats {
    values.start + microbatches[part].lowerBound * extent.imageCount
  }

  /// The size of one microbatch.
  package func extent(_ part: Int) -> Extent { extent.with(images: microbatches[part].count) }

  /// Rows of a microbatch: its images' tokens.
  package func rows(_ part: Int) -> Int { counts?.rows(part) ?? microbatches[part].count * extent.pixels }

  /// Values of a microbatch that this pass has.
  package func count(_ part: Int) -> Int { rows(part) * extent.channels }

  /// The rows of each of a microbatch's images, counted from `place`.
  package func images(_ part: Int) -> [Range<Int>] {
    counts?.images(part) ?? (0..<microbatches[part].count).map { $0 * extent.pixels..<($0 + 1) * extent.pixels }
  }
}
