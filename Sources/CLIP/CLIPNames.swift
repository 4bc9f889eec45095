import Tensors

/// Where a file stores one of the towers' parameters.
struct CLIPSource: Sendable {
  var name: String
  /// Which third of the file's tensor it is, along the first axis; nil: the whole tensor.
  var third: Int?
  /// Whether it is stored as `[inputs, outputs]`.
  var isTransposed = false
}

/// The two naming schemes for a CLIP model's tensors. Each maps from the names of `VisionTransformer` and
/// `TextTransformer`, which are close to Hugging Face's.
enum CLIPNames: Sendable {
  /// open_clip's names, which are OpenAI's; its CustomTextCLIP adds the prefix `text.` to those of the text tower.
  case openCLIP(textPrefix: String)
  case huggingFace

  /// The scheme of a file with these names; nil if it has neither tower.
  init?(_ names: some Collection<String>) {
    let known = Set(names)
    if known.contains("vision_model.embeddings.patch_embedding.weight")
      || known.contains("text_model.embeddings.token_embedding.weight")
    {
      self = .huggingFace
    } else if known.contains("text.token_embedding.weight") {
      self = .openCLIP(textPrefix: "text.")
    } else if known.contains("visual.conv1.weight") || known.contains("token_embedding.weight") {
      self = .openCLIP(textPrefix: "")
    } else {
      return nil
    }
  }

  /// - Parameter name: the towers' name of a parameter.
  func source(_ name: String) -> CLIPSource {
    switch self {
    case .huggingFace: huggingFace(name)
    case .openCLIP(let prefix): openCLIP(name, prefix)
    }
  }

  /// Splits `vision.layers.3.mlp.fc1.weight` into (vision, 3, mlp.fc1.weight); nil for a parameter outside the blocks.
  private func block(_ name: String) -> (tower: Substring, index: Substring, rest: String)? {
    let parts = name.split(separator: ".")
    guard parts.count > 3, parts[1] == "layers" else { return nil }
    return (parts[0], parts[2], parts[3...].joined(separator: "."))
  }

  private func huggingFace(_ name: String) -> CLIPSource {
    if let (tower, index, rest) = block(name) {
      return CLIPSource(name: "\(tower)_model.encoder.layers.\(index).\(rest)")
    }
    let others = [
      "vision.patch_embedding.weight": "vision_model.embeddings.patch_embedding.weight",
      "vision.class_embedding": "vision_model.embeddings.class_embedding",
      "vision.position_embedding": "vision_model.embeddings.position_embedding.weight",
      "vision.pre_layernorm.weight": "vision_model.pre_layrnorm.weight",
      "vision.pre_layernorm.bias": "vision_model.pre_layrnorm.bias",
      "vision.post_layernorm.weight": "vision_model.post_layernorm.weight",
      "vision.post_layernorm.bias": "vision_model.post_layernorm.bias",
      "vision.projection.weight": "visual_projection.weight",
      "text.token_embedding.weight": "text_model.embeddings.token_embedding.weight",
      "text.position_embedding": "text_model.embeddings.position_embedding.weight",
      "text.final_layer_norm.weight": "text_model.final_layer_norm.weight",
      "text.final_layer_norm.bias": "text_model.final_layer_norm.bias",
      "text.projection.weight": "text_projection.weight",
    ]
    return CLIPSource(name: others[name] ?? name)
  }

  private func openCLIP(_ name: String, _ prefix: String) -> CLIPSource {
    if let (tower, index, rest) = block(name) {
      let start = (tower == "vision" ? "visual." : prefix) + "transformer.resblocks.\(index)."
      for (third, part) in ["q", "k", "v"].enumerated() {
        if rest == "self_attn.\(part)_proj.weight" {
          return CLIPSource(name: start + "attn.in_proj_weight", third: third)
        }
        if rest == "self_attn.\(part)_proj.bias" { return CLIPSource(name: start + "attn.in_proj_bias", third: third) }
      }
      let parts = [
        "layer_norm1": "ln_1", "layer_norm2": "ln_2", "self_attn.out_proj": "attn.out_proj", "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
      ]
      let (layer, kind) = rest.hasSuffix(".bias") ? (rest.dropLast(5), "bias") : (rest.dropLast(7), "weight")
      return CLIPSource(name: start + "\(parts[String(layer)] ?? String(layer)).\(kind)")
    }
    let others = [
      "vision.patch_embedding.weight": "visual.conv1.weight", "vision.class_embedding": "visual.class_embedding",
      "vision.position_embedding": "visual.positional_embedding", "vision.pre_layernorm.weight": "visual.ln_pre.weight",
      "vision.pre_layernorm.bias": "visual.ln_pre.bias", "vision.post_layernorm.weight": "visual.ln_post.weight",
      "vision.post_layernorm.bias": "visual.ln_post.bias", "vision.projection.weight": "visual.proj",
      "text.token_embedding.weight": prefix + "token_embedding.weight",
      "text.position_embedding": prefix + "positional_embedding",
      "text.final_layer_norm.weight": prefix + "ln_final.weight",
      "text.final_layer_norm.bias": prefix + "ln_final.bias", "text.projection.weight": prefix + "text_projection",
    ]
    return CLIPSource(name: others[name] ?? name, isTransposed: name.hasSuffix(".projection.weight"))
  }
}
