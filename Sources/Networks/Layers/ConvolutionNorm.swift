import Kernels

/// A convolution without bias and the batch norm that follows it, by their names.
package struct ConvolutionNorm: Sendable, Equatable {
  /// The prefix of the parameters' names: `audio_encoder.`.
  package var prefix: String
  /// `conv1`, `layer2.0.downsample.0`, …
  package var name: String
  /// `bn1`, `layer2.0.downsample.1`, …
  package var norm: String
  package var inputChannels: Int
  package var outputChannels: Int
  package var kernel: Int
  package var stride: Int

  package var padding: Int { kernel / 2 }
  package var weight: String { "\(prefix)\(name).weight" }
  package var normPrefix: String { prefix + norm }

  package var parameters: [ParameterSpec] {
    [
      ParameterSpec(
        weight, [outputChannels, inputChannels, kernel, kernel],
        initial: .kaimingNormal(fanOut: outputChannels * kernel * kernel), decays: true)
    ] + BatchNorm.parameters(normPrefix, channels: outputChannels)
  }

  /// The shape of the convolution for `images` images of the input's size.
  package func shape(_ input: Extent, images: Int) -> ConvolutionShape {
    ConvolutionShape(
      images: images, inputChannels: inputChannels, height: input.height, width: input.width,
      outputChannels: outputChannels, kernel: kernel, stride: stride, padding: padding)
  }

  /// Adds convolution and norm as two nodes with their names.
  func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.add(.convolution(weight: weight, kernel: kernel, stride: stride, padding: padding), [x], name)
    graph.add(.batchNorm(prefix: normPrefix, epsilon: BatchNorm.epsilon), [name], norm)
    return norm
  }

  func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    x.convolved(with: values[weight], outputChannels: outputChannels, kernel: kernel, stride: stride, padding: padding)
      .batchNormalized(values, normPrefix)
  }
}
