import Audio
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

  fileprivate static func tooFew(_ things: String, _ found: Int, batchSize: Int) -> Failure {
    Failure(
      "training.few", "there are fewer training \(things) than a batch holds", found: "\(found)",
      expected: "at least \(batchSize)",
      hint: TrainingConfiguration.smallBatch(of: found).map { "--batch-size \($0)" } ?? "prepare more of them first")
  }

  fileprivate static func crop(_ samples: Int, of whole: Int) -> Failure {
    Failure(
      "training.crop", "a crop is longer than the clips or shorter than a window", on: "--crop",
      found: "\(samples) samples", expected: "\(FrontEnd.transformLength) to \(whole)", exit: .usage)
  }
}

extension TrainingConfiguration {
  /// Why there is too little to train on; nil when a batch can be filled. A loss compares two clips or more.
  /// - Parameter things: what a batch is made of.
  package func shortage(of count: Int, _ things: String = "clips") -> Failure? {
    count >= max(2, batchSize) ? nil : .tooFew(things, count, batchSize: max(2, batchSize))
  }

  /// The batch size to suggest for few clips; nil for fewer than two.
  package static func smallBatch(of clips: Int) -> Int? { clips >= 2 ? min(clips, 32) : nil }

  /// The number of samples of a clip that a step takes.
  /// - Parameter whole: the number of samples of a clip.
  /// - Throws: `training.crop`.
  package func samples(ofClip whole: Int) throws -> Int {
    let taken = augmentation.cropSeconds.map { Int(($0 * Double(FrontEnd.sampleRate)).rounded()) } ?? whole
    guard (FrontEnd.transformLength...max(whole, FrontEnd.transformLength)).contains(taken), taken <= whole else {
      throw Failure.crop(taken, of: whole)
    }
    return taken
  }
}
