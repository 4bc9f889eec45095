import Kernels

/// One convolution with the batch norm that follows it, by its names in the reference's checkpoint.
package struct ConvolutionLayer: Sendable {
  /// `conv1.weight`, `layer2.0.downsample.0.weight`, … without `audio_encoder.`.
  package var weight: String
  /// `bn1`, `layer2.0.downsample.1`, …
  package var norm: String
  package var inputChannels: Int
  package var outputChannels: Int
  package var kernel: Int
  package var stride: Int

  package var padding: Int { kernel / 2 }

  /// Added to the variance by every batch norm.
  static let epsilon = 1e-5

  /// The layer's convolution on `images` images of the input's size.
  func shape(_ input: Extent, images: Int) -> ConvolutionShape {
    ConvolutionShape(
      images: images, inputChannels: inputChannels, height: input.height, width: input.width,
      outputChannels: outputChannels,
      kernel: kernel, stride: stride, padding: padding)
  }
}

/// A basic block: two 3×3 convolutions and a shortcut, which is a 1×1 convolution where the size changes.
package struct ResidualBlock: Sendable {
  package var first: ConvolutionLayer
  package var second: ConvolutionLayer
  package var shortcut: ConvolutionLayer?
}

/// ResNet-18 with one input channel and no classifier (He et al. 2016; the reference's `audio_encoder`).
package struct EncoderArchitecture: Sendable {
  package var stem: ConvolutionLayer
  package var blocks: [ResidualBlock]
  /// Width of the embedding.
  package var width: Int { blocks.last?.second.outputChannels ?? stem.outputChannels }

  /// - Parameter stages: channels of each of the stages; the reference has [64, 128, 256, 512], two blocks each.
  package init(stages: [Int] = [64, 128, 256, 512]) {
    stem = ConvolutionLayer(
      weight: "conv1.weight", norm: "bn1", inputChannels: 1, outputChannels: stages[0], kernel: 7, stride: 2)
    blocks = []
    var channels = stages[0]
    for (stage, width) in stages.enumerated() {
      for index in 0..<2 {
        let prefix = "layer\(stage + 1).\(index)"
        let stride = stage > 0 && index == 0 ? 2 : 1
        let shortcut = ConvolutionLayer(
          weight: "\(prefix).downsample.0.weight", norm: "\(prefix).downsample.1", inputChannels: channels,
          outputChannels: width, kernel: 1, stride: stride)
        blocks.append(
          ResidualBlock(
            first: ConvolutionLayer(
              weight: "\(prefix).conv1.weight", norm: "\(prefix).bn1", inputChannels: channels, outputChannels: width,
              kernel: 3, stride: stride),
            second: ConvolutionLayer(
              weight: "\(prefix).conv2.weight", norm: "\(prefix).bn2", inputChannels: width, outputChannels: width,
              kernel: 3,
              stride: 1),
            shortcut: stride == 1 && channels == width ? nil : shortcut))
        channels = width
      }
    }
  }

  /// Every convolution, in the order of the checkpoint's names.
  package var layers: [ConvolutionLayer] {
    [stem] + blocks.flatMap { [$0.first, $0.second] + ($0.shortcut.map { [$0] } ?? []) }
  }
}
