import Basics
import Kernels
import Tensors

/// The values from the configuration file next to a model's weights; nil if the file does not state them.
struct CLIPConfiguration: Sendable {
  struct Tower: Sendable {
    var numbers: [String: Int] = [:]
    var heads: Int?
    var gelu: GELUKind?
  }

  /// The file's path; nil if there is no file.
  var path: String?
  var embedding: Int?
  var vision = Tower()
  var text = Tower()
  var image = ImageNormalization()

  /// Reads the configuration that matches the weights' naming; without one, all values are nil.
  /// - Throws: `clip.json`, `clip.config.unsupported`.
  init(_ files: CLIPFiles, _ names: CLIPNames) throws {
    let (openCLIP, huggingFace) = (try files.json("open_clip_config.json"), try files.json("config.json"))
    switch names {
    case .openCLIP:
      if let openCLIP {
        try readOpenCLIP(openCLIP, "\(files.directory)/open_clip_config.json")
      } else if let huggingFace, huggingFace["vision_config"] != nil || huggingFace["text_config"] != nil {
        try readHuggingFace(huggingFace, files)
      } else if let huggingFace, huggingFace["model_cfg"] != nil || huggingFace["vision_cfg"] != nil {
        try readOpenCLIP(huggingFace, "\(files.directory)/config.json")
      }
    case .huggingFace:
      if let huggingFace {
        try readHuggingFace(huggingFace, files)
      } else if let openCLIP {
        try readOpenCLIP(openCLIP, "\(files.directory)/open_clip_config.json")
      }
    }
  }

  // MARK: open_clip

  /// Keys that do not change the computation here, or that are checked elsewhere.
  private static let harmless: Set<String> = [
    "image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio", "patch_dropout", "context_length",
    "vocab_size", "heads", "hf_tokenizer_name", "tokenizer_kwargs", "ls_init_value", "output_tokens", "text_mask",
  ]

  private mutating func readOpenCLIP(_ json: StrictJSON, _ path: String) throws {
    self.path = path
    let model = json["model_cfg"] ?? json
    embedding = try number(model, "embed_dim")
    let gelu: GELUKind = model["quick_gelu"]?.truth == true ? .quick : .exact
    for (key, tower) in [("vision_cfg", \CLIPConfiguration.vision), ("text_cfg", \.text)] {
      guard let part = model[key] else { continue }
      for (name, value) in part.members where !Self.harmless.contains(name) {
        // Null, false and zero change nothing.
        guard value == .null || value == .truth(false) || value == .number("0") else {
          throw Failure.clipUnsupported(path, "\(key).\(name)", value.shown)
        }
      }
      if let scale = part["ls_init_value"] { throw Failure.clipUnsupported(path, "\(key).ls_init_value", scale.shown) }
      if let layers = part["layers"], layers.count == nil {
        throw Failure.clipUnsupported(path, "\(key).layers", layers.shown)
      }
      var numbers: [String: Int] = [:]
      for name in ["image_size", "layers", "width", "patch_size", "context_length", "vocab_size"] {
        numbers[name] = try number(part, name)
      }
      self[keyPath: tower].numbers = numbers
      self[keyPath: tower].gelu = gelu
      self[keyPath: tower].heads = try number(part, "heads")
      if let width = numbers["width"], key == "vision_cfg" {
        self[keyPath: tower].heads = width / max(1, try number(part, "head_width") ?? 64)
      }
    }
    if let image = json["preprocess_cfg"] {
      try self.image.read(image, mean: "mean", deviation: "std", path)
      if let mode = image["resize_mode"]?.text, mode != "shortest" {
        throw Failure.clipUnsupported(path, "preprocess_cfg.resize_mode", mode)
      }
      if let kind = image["interpolation"]?.text, kind != "bicubic" {
        throw Failure.clipUnsupported(path, "preprocess_cfg.interpolation", kind)
      }
    }
  }

  // MARK: Hugging Face

  private mutating func readHuggingFace(_ json: StrictJSON, _ files: CLIPFiles) throws {
    let path = "\(files.directory)/config.json"
    self.path = path
    if let kind = json["model_type"]?.text, !["clip", "clip_vision_model", "clip_text_model"].contains(kind) {
      throw Failure.clipUnsupported(path, "model_type", kind)
    }
    embedding = try number(json, "projection_dim")
    let keys = [
      "image_size": "image_size", "num_hidden_layers": "layers", "hidden_size": "width", "patch_size": "patch_size",
      "max_position_embeddings": "context_length", "vocab_size": "vocab_size", "intermediate_size": "hidden",
    ]
    for (name, tower) in [("vision_config", \CLIPConfiguration.vision), ("text_config", \.text)] {
      guard let part = json[name] else { continue }
      for (key, own) in keys { self[keyPath: tower].numbers[own] = try number(part, key) }
      self[keyPath: tower].heads = try number(part, "num_attention_heads")
      // Absent means the library's default.
      let activation = part["hidden_act"]?.text ?? "quick_gelu"
      guard let gelu = ["quick_gelu": GELUKind.quick, "gelu": .exact][activation] else {
        throw Failure.clipUnsupported(path, "\(name).hidden_act", activation)
      }
      self[keyPath: tower].gelu = gelu
      if let epsilon = part["layer_norm_eps"]?.real, epsilon != 1e-5 {
        throw Failure.clipUnsupported(path, "\(name).layer_norm_eps", "\(epsilon)")
      }
    }
    if let image = try files.json("preprocessor_config.json") {
      let place = "\(files.directory)/preprocessor_config.json"
      try self.image.read(image, mean: "image_mean", deviation: "image_std", place)
      if let kind = image["resample"]?.count, kind != 3 {
        throw Failure.clipUnsupported(place, "resample", "\(kind)")
      }
    }
  }

  private func number(_ json: StrictJSON, _ key: String) throws -> Int? {
    guard let value = json[key] else { return nil }
    guard let count = value.count, count > 0, count < 1 << 24 else {
      throw Failure.clipJSON(path ?? "configuration", "\(key) is \(value.shown)")
    }
    return count
  }
}

extension StrictJSON {
  /// The value as shown in messages.
  var shown: String {
    switch self {
    case .object: "an object"
    case .array: "a list"
    case .text(let text): "\"\(text.prefix(40))\""
    case .number(let text): text
    case .truth(let truth): "\(truth)"
    case .null: "null"
    }
  }
}

/// The mean that is subtracted from an image's values in 0…1, and the deviation that they are then divided by, per
/// channel.
package struct ImageNormalization: Sendable, Equatable {
  package var mean = [0.48145466, 0.4578275, 0.40821073]
  package var deviation = [0.26862954, 0.26130258, 0.27577711]

  mutating func read(_ json: StrictJSON, mean: String, deviation: String, _ path: String) throws {
    for (key, place) in [(mean, \ImageNormalization.mean), (deviation, \.deviation)] {
      guard let items = json[key]?.items else { continue }
      let values = items.compactMap(\.real)
      guard values.count == 3, items.count == 3, values.allSatisfy(\.isFinite),
        key == mean || values.allSatisfy({ $0 > 0 })
      else { throw Failure.clipJSON(path, "\(key) is not three numbers") }
      self[keyPath: place] = values
    }
  }

  /// By channel and 8-bit value.
  var table: [Float] {
    (0..<3).flatMap { c in (0..<256).map { Float((Double($0) / 255 - mean[c]) / deviation[c]) } }
  }
}
