import Basics
import Shards
import Training

/// A checkpoint of a run: how far the training got.
enum CheckpointInspector: Inspector {
  static let kind = "checkpoint of a run"

  static func recognizes(_ path: String) -> Bool {
    guard SafetensorsFacts.isNamedLikeOne(path), let facts = SafetensorsFacts(path) else { return false }
    return facts.metadata["state"] != nil && facts.metadata["digest"] != nil
  }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    var inspection = Inspection()
    inspection.entries = try EmbeddingFormats.contents(path)?.entries ?? []
    if let text = SafetensorsFacts(path)?.metadata["state"] {
      let state = try CanonicalJSON.decode(TrainingState.self, from: Array(text.utf8), source: path)
      var facts = [
        ("step", "\(state.step)"), ("epochs finished", "\(state.epoch)"), ("batches since", "\(state.batchInEpoch)"),
      ]
      if let best = state.best { facts.append(("best validation loss", "\(best.validationLoss) at step \(best.step)")) }
      inspection.sections.append(.init("training", facts.map { (key: $0.0, value: $0.1) }))
      let run = Files.name(Files.parent(Files.parent(path)))
      inspection.suggest("export", "weights.bin", "--run", run, "--checkpoint", "\(state.step)")
    }
    try inspection.addFile(path, [("format", "safetensors: weights and the optimizer's moments as they lie in memory")])
    return inspection
  }
}
