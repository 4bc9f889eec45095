import Kernels

/// What lies between two layers, for the whole batch.
package struct Activation: Sendable {
  package let extent: Extent
  package let microbatches: Microbatches
  /// Written by a layer's forward steps and read by the next layer's. In the backward pass the next layer, once it
  /// needs the values no more, writes their gradient over them.
  package let values: FloatBuffer
  /// What a reader does to the values as it reads them; nil: they lie there finished.
  package var prologue: Prologue?
  /// What a writer of the gradient does as it writes, for one microbatch, given what else flows into the same values;
  /// nil: nothing.
  package var gradientEpilogue: (@Sendable (_ part: Int, _ addend: GradientEpilogue.Addend?) -> GradientEpilogue)?
  /// What a writer of the gradient does once a microbatch's lies there.
  package var gradientIsWritten: (@Sendable (_ part: Int) -> Void)?

  package init(_ extent: Extent, _ microbatches: Microbatches) {
    (self.extent, self.microbatches) = (extent, microbatches)
    values = FloatBuffer(extent.count)
  }

  /// Where a microbatch's values begin.
  package func place(_ part: Int) -> MutableFloats {
    values.start + microbatches[part].lowerBound * extent.imageCount
  }

  /// The size of one microbatch.
  package func extent(_ part: Int) -> Extent { extent.with(images: microbatches[part].count) }
}
