import Basics
import Foundation

@testable import Tensors

/// A student of two stages, 16 and 32 wide, under the reference's names: every kind of layer that ResNet-18 has.
enum TinyStudent {
  static func weights(projects: Bool = true) throws -> NamedTensors {
    var random = SeededRandom(seed: 5)
    var weights = NamedTensors()
    func add(_ name: String, _ shape: [Int], around mean: Float = 0) throws {
      let values = (0..<shape.reduce(1, *)).map { _ in mean + Float(0.2 * random.normal()) }
      try weights.add(name, Tensor(shape: shape, floats: values))
    }
    func layer(_ convolution: String, _ norm: String, _ shape: [Int]) throws {
      try add("audio_encoder.\(convolution).weight", shape)
      try add("audio_encoder.\(norm).weight", [shape[0]], around: 1)
      try add("audio_encoder.\(norm).bias", [shape[0]])
      try add("audio_encoder.\(norm).running_mean", [shape[0]])
      try add("audio_encoder.\(norm).running_var", [shape[0]], around: 2)
      try weights.add("audio_encoder.\(norm).num_batches_tracked", Tensor(scalar: 7))
    }
    let window = (0..<512).map { Float(0.5 - 0.5 * cos(2 * Double.pi * Double($0) / 512)) }
    try weights.add("audio_encoder.spectrogram.window", Tensor(shape: [512], floats: window))
    try layer("conv1", "bn1", [16, 1, 7, 7])
    for block in 0..<2 {
      try layer("layer1.\(block).conv1", "layer1.\(block).bn1", [16, 16, 3, 3])
      try layer("layer1.\(block).conv2", "layer1.\(block).bn2", [16, 16, 3, 3])
    }
    for block in 0..<2 {
      try layer("layer2.\(block).conv1", "layer2.\(block).bn1", [32, block == 0 ? 16 : 32, 3, 3])
      try layer("layer2.\(block).conv2", "layer2.\(block).bn2", [32, 32, 3, 3])
      if block == 0 { try layer("layer2.0.downsample.0", "layer2.0.downsample.1", [32, 16, 1, 1]) }
    }
    if projects {
      for index in [0, 3] {
        try add("audio_transform.sequential.\(index).weight", [32, 32])
        try add("audio_transform.sequential.\(index).bias", [32])
      }
    }
    return weights
  }

  static let metadata = [
    "sample_rate": "16000", "n_fft": "512", "hop_length": "353", "log_epsilon": "1e-07", "normalization": "clip",
    "teacher": "ViT-B/32 \"é\"",
  ]
}
