import Basics
import Foundation
import Tensors

/// A CLIP model of a few kilobytes with random weights, in the formats of model hubs.
package struct TinyCLIP {
  var width = 64
  var depth = 2
  var patch = 4
  var image = 12
  var embedding = 24
  var textWidth = 64
  var context = 12
  var vocabulary = 540
  var seed: UInt64 = 1

  package init(image: Int = 12, patch: Int = 4, embedding: Int = 24) {
    (self.image, self.patch, self.embedding) = (image, patch, embedding)
  }

  /// The weights under open_clip's names.
  package func tensors() throws -> NamedTensors {
    var tensors = NamedTensors()
    func add(_ name: String, _ shape: [Int], mean: Double = 0, deviation: Double = 0.2) throws {
      var random = SeededRandom(seed: seed, for: name)
      let values = (0..<shape.reduce(1, *)).map { _ in Float(mean + deviation * random.normal()) }
      try tensors.add(name, Tensor(shape: shape, floats: values))
    }
    func norm(_ name: String, _ width: Int) throws {
      try add("\(name).weight", [width], mean: 1)
      try add("\(name).bias", [width])
    }
    func blocks(_ prefix: String, _ width: Int) throws {
      for index in 0..<depth {
        let name = "\(prefix)transformer.resblocks.\(index)"
        try norm("\(name).ln_1", width)
        try norm("\(name).ln_2", width)
        for (part, outputs, inputs) in [
          ("attn.in_proj_", 3 * width, width), ("attn.out_proj.", width, width), ("mlp.c_fc.", 2 * width, width),
          ("mlp.c_proj.", width, 2 * width),
        ] {
          try add("\(name).\(part)weight", [outputs, inputs])
          try add("\(name).\(part)bias", [outputs])
        }
      }
    }
    try add("visual.class_embedding", [width])
    try add("visual.conv1.weight", [width, 3, patch, patch])
    try add("visual.positional_embedding", [image / patch * (image / patch) + 1, width])
    try norm("visual.ln_pre", width)
    try norm("visual.ln_post", width)
    try add("visual.proj", [width, embedding])
    try blocks("visual.", width)
    try add("token_embedding.weight", [vocabulary, textWidth])
    try add("positional_embedding", [context, textWidth])
    try norm("ln_final", textWidth)
    try add("text_projection", [textWidth, embedding])
    try blocks("", textWidth)
    return tensors
  }

  package func configuration(quick: Bool = true) -> String {
    """
    {"model_cfg": {"embed_dim": \(embedding), "quick_gelu": \(quick),
      "vision_cfg": {"image_size": \(image), "layers": \(depth), "width": \(width), "patch_size": \(patch), "mlp_ratio": 2},
      "text_cfg": {"context_length": \(context), "vocab_size": \(vocabulary), "width": \(textWidth), "heads": 1,
        "layers": \(depth)}}}
    """
  }

  /// A few merges of letters.
  package static let merges = "#version: 0.2\nr a\ni n</w>\nra in</w>\nd o\ndo g</w>\n"

  /// - Returns: the directory.
  @discardableResult
  package func write(to directory: String, configuration: String? = nil, tokenizer: Bool = true) throws -> String {
    try Files.makeDirectory(directory)
    try Files.write(try SafetensorsFile.bytes(of: tensors()), to: "\(directory)/open_clip_model.safetensors")
    try Files.write(configuration ?? self.configuration(), to: "\(directory)/open_clip_config.json")
    if tokenizer { try Files.write(Self.merges, to: "\(directory)/merges.txt") }
    return directory
  }
}
