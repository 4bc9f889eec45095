import Basics

/// Failures of this module.
extension Failure {
  static func lossWidth(_ loss: String, encoder: Int, teacher: Int) -> Failure {
    Failure(
      "loss.width", "the loss compares embeddings with the teacher's as they are, and the widths differ",
      on: loss, found: "encoder \(encoder), teacher \(teacher)",
      hint: "a loss with projections joins them: --loss cx", exit: .usage)
  }

  static func embeddingWidth(_ clip: String, found: Int, expected: Int) -> Failure {
    Failure(
      "training.width", "a clip's teacher embeddings have another width than the other clips'", on: clip,
      found: "\(found)",
      expected: "\(expected)")
  }

  fileprivate static func tooFewClips(_ found: Int, batchSize: Int) -> Failure {
    Failure(
      "training.few", "there are fewer training clips than a batch holds", found: "\(found)",
      expected: "at least \(batchSize)",
      hint: found >= 2 ? "--batch-size \(min(found, 32))" : "prepare more clips first")
  }
}

extension TrainingConfiguration {
  /// Why these clips are too few to train on; nil when they fill a batch of two or more.
  package func shortage(of clips: Int) -> Failure? {
    let fewest = max(2, batchSize)
    return clips >= fewest && batchSize >= 2 ? nil : .tooFewClips(clips, batchSize: fewest)
  }
}
