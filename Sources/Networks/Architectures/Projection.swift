import Kernels

/// Linear → ReLU → dropout → linear between the encoder's space and the teacher's, like the reference's `MLPLayers`:
/// the linear layers are `sequential.0` and `.3`. By default, the hidden width is that of the result.
package struct Projection: Sendable, Equatable {
  /// `audio_transform` or `image_transform`.
  package let name: String
  package let inputs: Int
  package let hidden: Int
  package let outputs: Int

  package init(_ name: String, inputs: Int, hidden: Int? = nil, outputs: Int) {
    (self.name, self.inputs, self.hidden, self.outputs) = (name, inputs, hidden ?? outputs, outputs)
  }

  /// From the encoder's output into the teacher's space: used in inference.
  package static let audio = "audio_transform"
  /// From the teacher's embeddings into the encoder's space.
  package static let image = "image_transform"

  package static func weight(_ name: String, _ index: Int) -> String { "\(name).sequential.\(index).weight" }

  package var layers: [any LayerDescription] {
    [
      Linear("\(name).sequential.0", inputs: inputs, outputs: hidden), ReLU(), Dropout(name),
      Linear("\(name).sequential.3", inputs: hidden, outputs: outputs),
    ]
  }

  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }
}
