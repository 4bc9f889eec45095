import Kernels

/// The values between two layers, for the whole batch.
package struct Activation: Sendable {
  package let extent: Extent
  package let microbatches: Microbatches
  /// Written by a layer's forward steps and read by those of the next layer. In the backward pass, the next layer
  /// overwrites the values with their gradient when it no longer needs them.
  package let values: FloatBuffer
  /// The number of rows of each image in a pass, if images have different numbers; nil: all rows of the extent. The
  /// rows of a microbatch's images are contiguous, starting at `place`.
  package let counts: RowCounts?
  /// What a reader must do to the values while it reads them; nil: the values are final.
  package var prologue: Prologue?
  /// What a writer of the gradient must do while it writes, for one microbatch, given another gradient of the same
  /// values; nil: nothing.
  package var gradientEpilogue: (@Sendable (_ part: Int, _ addend: GradientEpilogue.Addend?) -> GradientEpilogue)?
  /// A writer of the gradient must call this after it has written a microbatch's gradient.
  package var gradientIsWritten: (@Sendable (_ part: Int) -> Void)?

  package init(_ extent: Extent, _ microbatches: Microbatches, counts: RowCounts? = nil) {
    (self.extent, self.microbatches, self.counts) = (extent, microbatches, counts)
    values = FloatBuffer(extent.count)
  }

  /// The start of a microbatch's values.
  package func place(_ part: Int) -> MutableFloats {
    values.start + microbatches[part].lowerBound * extent.imageCount
  }

  /// The size of one microbatch.
  package func extent(_ part: Int) -> Extent { extent.with(images: microbatches[part].count) }

  /// The number of a microbatch's rows: its images' tokens.
  package func rows(_ part: Int) -> Int { counts?.rows(part) ?? microbatches[part].count * extent.pixels }

  /// The number of a microbatch's values in this pass.
  package func count(_ part: Int) -> Int { rows(part) * extent.channels }

  /// The rows of each of a microbatch's images, counted from `place`.
  package func images(_ part: Int) -> [Range<Int>] {
    counts?.images(part) ?? (0..<microbatches[part].count).map { $0 * extent.pixels..<($0 + 1) * extent.pixels }
  }
}
