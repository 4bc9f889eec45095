import Basics
import CLIP
import Shards

/// A CLIP model: its tensors, its towers, and its other files.
enum CLIPInspector: Inspector {
  static let kind = "CLIP model"

  static func recognizes(_ path: String) -> Bool { (try? CLIPModel.isOne(path)) ?? false }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    let model = try CLIPModel(path, activation: context.activation)
    var inspection = Inspection()
    inspection.sections = [
      .init(
        "CLIP model",
        [
          ("architecture", model.name), ("embeddings", "\(model.width) wide"), ("activation", model.gelu.rawValue),
          ("activation from", model.activationSource), ("weights", model.stored),
          ("tokenizer", model.text == nil ? "none needed" : (try? model.tokenizer().path) ?? "none beside the weights"),
          ("file", model.weightsPath), ("sha256", try Digest.ofFile(model.weightsPath).hex),
        ])
    ]
    for (title, tower) in [("image tower", model.vision?.facts), ("text tower", model.text?.facts)] {
      if let tower { inspection.sections.append(.init(title, tower)) }
    }
    inspection.entries = try EmbeddingFormats.contents(model.weightsPath)?.entries ?? []
    if model.vision != nil { inspection.suggest("prepare", "VIDEOS", "--clip", path) }
    if model.text != nil {
      let tokenizer = (try? model.tokenizer()) == nil ? ["--tokenizer", "FILE"] : []
      inspection.suggest(["search", "a dog barks", "--in", "EMBEDDINGS", "--clip", path] + tokenizer)
    }
    return inspection
  }
}
