import Kernels

/// A student's weights for embedding. Those of its convolutions, nearly all there are, may stay in the file that was mapped.
package struct FrozenStudent: Sendable {
  /// All weights but those of the convolutions that lie elsewhere.
  package let parameters: Parameters
  /// By name, such as `audio_encoder.conv1.weight`.
  nonisolated(unsafe) private let elsewhere: [String: Floats]
  /// What keeps them in memory.
  private let owner: (any AnyObject & Sendable)?

  package init(_ parameters: Parameters) {
    self.parameters = parameters
    (elsewhere, owner) = ([:], nil)
  }

  /// - Parameters:
  ///   - parameters: filled but for `convolutions`.
  ///   - convolutions: `[out, in, kernel, kernel]` values by name, in memory that `owner` keeps.
  package init(_ parameters: Parameters, convolutions: [String: Floats], in owner: any AnyObject & Sendable) {
    self.parameters = parameters
    (elsewhere, self.owner) = (convolutions, owner)
  }

  func convolution(_ layer: ConvolutionLayer) -> Floats {
    let name = "audio_encoder.\(layer.weight)"
    return elsewhere[name] ?? UnsafePointer(parameters.weights(name))
  }
}
