import Basics

/// The sentences of this module.
extension Failure {
  static func vectorWidth(_ clip: String, found: Int, expected: Int) -> Failure {
    Failure(
      "training.width", "a clip's teacher vectors have another width than the student's embedding", on: clip,
      found: "\(found)",
      expected: "\(expected)")
  }

  package static func tooFewClips(_ found: Int, batchSize: Int) -> Failure {
    Failure(
      "training.few", "there are fewer training clips than a batch holds", found: "\(found)",
      expected: "at least \(batchSize)",
      hint: found >= 2 ? "pipeline distill --batch-size \(min(found, 32))" : "prepare more clips first")
  }

  static func sound(_ clip: String, _ found: String) -> Failure {
    Failure(
      "training.sound", "a clip's sound cannot be read from its shard", on: clip, found: found,
      hint: "write the shards again: pipeline prepare")
  }
}
