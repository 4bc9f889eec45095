import Basics
import Kernels

/// Work on each microbatch, and a reduction over all of them.
package struct Step: Sendable {
  /// Runs for every microbatch, in parallel, each on one thread; nil: nothing to do before `reduce`.
  package var run: (@Sendable (_ part: Int, _ scratch: ThreadScratch) throws -> Void)?
  /// Runs after all microbatches have finished `run`, before any starts the next step: combines their results.
  package var reduce: (@Sendable (any Reduction) throws -> Void)?

  package init(
    run: (@Sendable (_ part: Int, _ scratch: ThreadScratch) throws -> Void)?,
    reduce: (@Sendable (any Reduction) throws -> Void)? = nil
  ) {
    (self.run, self.reduce) = (run, reduce)
  }
}

/// A layer in training: its steps, and the buffers that it keeps between forward and backward. Buffers live as long as
/// the layer.
///
/// Backward steps start when the gradient of `output` is in `output.values`. They overwrite the input's values with
/// their gradient, unless it is not needed, and write the weights' gradients to the network's buffer.
package protocol Layer: Sendable {
  var output: Activation { get }
  var forward: [Step] { get }
  var backward: [Step] { get }
  /// Work to be done before a pass, such as packing weights; pieces may run in parallel.
  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void]
}

extension Layer {
  package func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] { [] }
}

/// The description of a layer, used by training, inference, ONNX and files. To add a layer, add a new file with a
/// conforming type.
package protocol LayerDescription: Sendable {
  /// In the order of files.
  var parameters: [ParameterSpec] { get }
  /// The size of the output for that of an input.
  func output(_ input: Extent) -> Extent
  /// The layer in training, reading `input`.
  func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer
  /// The layer with frozen statistics, for inputs of one size; nil if it does nothing in inference.
  /// - Parameter input: the size of one image.
  func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)?
  /// Adds its operators to a graph that reads `x`. Returns the name of its result.
  func operators(_ x: String, into graph: inout OperatorGraph) -> String
  /// The layer computed from its definition, in double precision, with which tests compare the others.
  func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor
}

/// The context in which layers are created for training.
package struct TrainingContext: Sendable {
  package let parameters: Parameters
  /// The buffer for the weights' gradients, as long as `parameters.trainable`.
  package let gradients: FloatBuffer
  package let microbatches: Microbatches
  package let backend: any Backend
  package let threads: WorkerThreads
  package let workspace: Workspace
  package let pass: Pass
  package let profile: Profile?
  /// The memory that layers inside `WithMemory` attend to besides their input.
  package var memory: TrainingMemory?

  package func gradient(_ name: String) -> MutableFloats {
    gradients.start + parameters.layout.slot(name).offset
  }
}

/// Dropout factors for the layer with that name and width: `[images, width]` of 0 or 1 / (1 − rate).
package typealias DropoutFactors = (_ name: String, _ width: Int) -> [Float]

/// The key from which the layer with that name computes an image's factors on the fly (`DropoutHash`). Images are
/// counted from this process's first.
package typealias DropoutKeys = @Sendable (_ name: String, _ image: Int) -> UInt64

/// The values that change from pass to pass.
package final class Pass: @unchecked Sendable {
  /// Nil in evaluation: no dropout.
  package var dropout: DropoutFactors?
  /// The same for layers that do not store factors.
  package var dropoutKeys: DropoutKeys?
  private var counts: [RowCounts.Stream: RowCounts] = [:]

  /// The row counts of a stream, shared by all of its layers.
  /// - Parameter most: the largest number of rows of an image.
  func counts(_ stream: RowCounts.Stream, most: Int, _ microbatches: Microbatches) -> RowCounts {
    if let known = counts[stream] { return known }
    let made = RowCounts(most: most, microbatches)
    counts[stream] = made
    return made
  }

  /// Sets the row counts of the images in a stream; nil: every image has the largest number.
  func set(_ stream: RowCounts.Stream, _ images: [Int]?) { counts[stream]?.set(images) }
}
