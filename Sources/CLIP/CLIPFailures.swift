// Failures of this module.

import Basics
import Kernels

extension Failure {
  static func clipNoWeights(_ path: String) -> Failure {
    Failure(
      "clip.weights", "no weights of a CLIP model here", on: path,
      expected: CLIPFiles.weightNames.joined(separator: ", ") + ", or one .safetensors file", exit: .usage)
  }

  static func clipScript(_ path: String) -> Failure {
    Failure(
      "clip.torchscript", "a TorchScript archive holds code beside its weights, which is not run here", on: path,
      hint: "convert it in Python: torch.save(torch.jit.load(\"old.pt\").state_dict(), \"new.pt\")")
  }

  static func clipPieces(_ path: String) -> Failure {
    Failure(
      "clip.weights", "some tensors of the checkpoint do not lie in one piece", on: path,
      hint: "save contiguous tensors: torch.save({k: v.contiguous() for k, v in state.items()}, path)")
  }

  static func clipNoTower(_ path: String, found: [String]) -> Failure {
    Failure(
      "clip.tensors", "the file holds neither tower of a CLIP model under names that are known", on: path,
      found: found.isEmpty ? "no tensors" : found.prefix(3).joined(separator: ", "),
      expected: "open_clip's and OpenAI's (visual.conv1.weight) or Hugging Face's (vision_model.…)")
  }

  static func clipTower(_ path: String, _ tower: String, other: String) -> Failure {
    Failure(
      "clip.tower", "the model has no \(tower) tower", on: path, found: "its \(other) tower alone",
      hint: tower == "image" ? "images need the whole model's file" : "texts need the whole model's file")
  }

  static func clipType(_ path: String, _ name: String, _ type: String) -> Failure {
    Failure(
      "clip.type", "a tensor's type is not read", on: "\(path), \(name)", found: type,
      expected: "F32, F16 or BF16", hint: "save the model in one of these")
  }

  static func clipShape(_ path: String, _ name: String, _ shape: [Int], expected: String) -> Failure {
    Failure(
      "clip.shape", "a tensor has another shape than its model", on: "\(path), \(name)", found: "\(shape)",
      expected: expected)
  }

  static func clipNotFinite(_ path: String, _ name: String) -> Failure {
    Failure(
      "clip.numbers", "a weight is not a number", on: "\(path), \(name)", found: "NaN or infinity",
      hint: "copy the file again")
  }

  static func clipConfiguration(_ path: String, _ key: String, says: String, tensors: String) -> Failure {
    Failure(
      "clip.config", "the configuration and the weights do not agree", on: "\(path), \(key)",
      found: "\(says) in the configuration",
      expected: "\(tensors), as the tensors show", hint: "it belongs to another model, or was changed")
  }

  static func clipUnsupported(_ path: String, _ key: String, _ value: String) -> Failure {
    Failure(
      "clip.config.unsupported", "the configuration asks for what this model reader does not do", on: "\(path), \(key)",
      found: value,
      expected: "a Vision Transformer and a text Transformer as OpenAI published them")
  }

  static func clipFrame(_ source: String) -> Failure {
    Failure("clip.frame", "a frame is not the JPEG that a worker writes", on: source)
  }

  static func clipJSON(_ path: String, _ reason: String) -> Failure {
    Failure("clip.json", "the file is not what its name says", on: path, found: reason)
  }

  static func clipActivationUnknown(_ path: String) -> Failure {
    Failure(
      "clip.activation", "the weights do not tell their activation, and no configuration lies beside them", on: path,
      expected: "--activation \(GELUKind.quick.rawValue) or --activation \(GELUKind.exact.rawValue)",
      hint: "OpenAI's weights and LAION-400M's are quick-gelu, LAION-2B's and DataComp's are gelu", exit: .usage)
  }

  static func clipActivationDiffers(_ path: String, says: GELUKind, given: GELUKind) -> Failure {
    Failure(
      "clip.activation", "the model's configuration names another activation than --activation", on: path,
      found: "--activation \(given.rawValue)", expected: says.rawValue,
      hint: "leave --activation out: with the wrong one all embeddings are wrong, and look right", exit: .usage)
  }

  static func clipHeads(_ path: String, width: Int) -> Failure {
    Failure(
      "clip.heads", "how many heads attention has is not to be seen", on: path,
      found: "width \(width), no configuration",
      expected: "a width that 64 divides, or a configuration beside the weights")
  }

  static func clipTokenizerMissing(_ path: String) -> Failure {
    Failure(
      "clip.tokenizer", "no tokenizer lies beside the weights, so texts cannot be read", on: path,
      expected: TokenizerFiles.names,
      hint: "copy it from where the weights came from; all of OpenAI's models share one")
  }

  static func clipTokenizer(_ path: String, _ reason: String) -> Failure {
    Failure(
      "clip.tokenizer.content", "the tokenizer's file is not valid", on: path, found: reason, hint: "copy it again")
  }

  static func clipVocabulary(_ path: String, tokens: Int, rows: Int) -> Failure {
    Failure(
      "clip.tokenizer.size", "the tokenizer has more tokens than the model", on: path, found: "\(tokens)",
      expected: "at most \(rows)",
      hint: "it belongs to another model")
  }
}

extension Failure {
  static func clipTemplate(_ template: String) -> Failure {
    Failure(
      "clip.template", "a template has no place for the class's name", on: "--template \"\(template)\"",
      expected: "{} where the name goes",
      hint: "--template \"a sound of {}\"", exit: .usage)
  }
}
