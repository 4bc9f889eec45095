/// Residual networks of basic blocks (He et al. 2016) with one input channel and no classifier, with torchvision's
/// names.
extension Architecture {
  /// Wav2CLIP's reference: 121 entries of a state dictionary.
  package static let resNet18 = resNet("resnet18", blocks: [2, 2, 2, 2])
  package static let resNet34 = resNet("resnet34", blocks: [3, 4, 6, 3])

  /// - Parameters:
  ///   - blocks: the number of blocks of each stage; the first block of every stage but the first halves the image.
  ///   - channels: the channels of each stage.
  package static func resNet(
    _ name: String, blocks: [Int], channels: [Int] = [64, 128, 256, 512]
  ) -> Architecture {
    var layers: [any LayerDescription] = [Stem(prefix: prefix, channels: channels[0])]
    var width = channels[0]
    for (stage, count) in blocks.enumerated() {
      for index in 0..<count {
        layers.append(
          ResidualBlock(
            prefix: prefix, name: "layer\(stage + 1).\(index)", inputChannels: width, outputChannels: channels[stage],
            stride: stage > 0 && index == 0 ? 2 : 1))
        width = channels[stage]
      }
    }
    return Architecture(name: name, layers: layers + [MeanPool()], width: width)
  }
}

extension Architecture {
  private static let (mostStages, mostBlocks, mostChannels) = (8, 64, 8192)

  /// The residual network whose convolutions have these shapes, by name. It is the built-in one with the same
  /// parameters, else it is named `resnet`. Nil if the shapes are not those of a residual network.
  package static func resNet(withShapes shapes: [String: [Int]]) -> Architecture? {
    func outputs(_ name: String) -> Int? {
      guard let shape = shapes["\(prefix)\(name).weight"], shape.count == 4, (1...mostChannels).contains(shape[0])
      else {
        return nil
      }
      return shape[0]
    }
    guard let first = outputs("conv1") else { return nil }
    var (blocks, channels): ([Int], [Int]) = ([], [])
    while blocks.count < mostStages, let width = outputs("layer\(blocks.count + 1).0.conv1") {
      let stage = blocks.count + 1
      blocks.append((1..<mostBlocks).first { outputs("layer\(stage).\($0).conv1") == nil } ?? mostBlocks)
      channels.append(width)
    }
    guard channels.first == first else { return nil }
    let found = resNet("resnet", blocks: blocks, channels: channels)
    return builtInArchitectures.first { $0.parameters == found.parameters } ?? found
  }
}
