import Basics
import Kernels

/// Work on one microbatch, and what ends it for all.
package struct Step: Sendable {
  /// Runs for every microbatch, side by side, each on one thread; nil: nothing to do before `reduce`.
  package var run: (@Sendable (_ part: Int, _ scratch: ThreadScratch) throws -> Void)?
  /// Runs once all microbatches are done with `run`, before any begins the next step: where they meet.
  package var reduce: (@Sendable (any Reduction) throws -> Void)?

  package init(
    run: (@Sendable (_ part: Int, _ scratch: ThreadScratch) throws -> Void)?,
    reduce: (@Sendable (any Reduction) throws -> Void)? = nil
  ) {
    (self.run, self.reduce) = (run, reduce)
  }
}

/// A layer in training: what it keeps between forward and backward, and its steps. Buffers live as long as the layer.
///
/// Backward steps begin when the gradient of `output` lies in `output.values`; they write the input's gradient over the
/// input's values, unless the input's is not wanted, and the weights' gradients into the network's buffer.
package protocol Layer: Sendable {
  var output: Activation { get }
  var forward: [Step] { get }
  var backward: [Step] { get }
  /// Work to be done before a pass, such as packing weights; pieces may run side by side.
  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void]
}

extension Layer {
  package func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] { [] }
}

/// A layer as a value: what training, inference, ONNX and files all read. Adding one is a new file with a type that
/// conforms.
package protocol LayerDescription: Sendable {
  /// In the order in which files have them.
  var parameters: [ParameterSpec] { get }
  /// The output's size for an input's.
  func output(_ input: Extent) -> Extent
  /// The layer in training, behind `input`.
  func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer
  /// The layer with frozen statistics, for inputs of one size; nil: it then does nothing.
  /// - Parameter input: of one image.
  func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)?
  /// Adds its operators to a graph that reads `x`. Returns the name of its result.
  func operators(_ x: String, into graph: inout OperatorGraph) -> String
  /// The layer by its definition, in double precision: what tests hold the others against.
  func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor
}

/// What layers are made with for training.
package struct TrainingContext: Sendable {
  package let parameters: Parameters
  /// As long as `parameters.trainable`: where backward steps put weights' gradients.
  package let gradients: FloatBuffer
  package let microbatches: Microbatches
  package let backend: any Backend
  package let threads: WorkerThreads
  package let workspace: Workspace
  package let pass: Pass
  package let profile: Profile?
  /// What layers inside `WithMemory` look at besides their input.
  package var memory: TrainingMemory?

  package func gradient(_ name: String) -> MutableFloats {
    gradients.start + parameters.layout.slot(name).offset
  }
}

/// Dropout's factors for a layer of that name and width: `[images, width]` of 0 or 1 / (1 − rate).
package typealias DropoutFactors = (_ name: String, _ width: Int) -> [Float]

/// The key from which a layer of that name makes an image's factors in passing (`DropoutHash`); the image counted from
/// this process's first.
package typealias DropoutKeys = @Sendable (_ name: String, _ image: Int) -> UInt64

/// What differs from one pass to the next.
package final class Pass: @unchecked Sendable {
  /// Nil in evaluation: nothing is dropped.
  package var dropout: DropoutFactors?
  /// The same for layers that keep no factors.
  package var dropoutKeys: DropoutKeys?
  private var counts: [RowCounts.Stream: RowCounts] = [:]

  /// The counts of a stream of rows, the same for all layers of it.
  /// - Parameter most: rows that an image has at most.
  func counts(_ stream: RowCounts.Stream, most: Int, _ microbatches: Microbatches) -> RowCounts {
    if let known = counts[stream] { return known }
    let made = RowCounts(most: most, microbatches)
    counts[stream] = made
    return made
  }

  /// Nil: every image has as many as there can be.
  func set(_ stream: RowCounts.Stream, _ images: [Int]?) { counts[stream]?.set(images) }
}
