import Basics
import Synchronization

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
}

/// The first failure of pieces of work that ran side by side: that of the lowest item.
final class FailureBox: Sendable {
  private let failures = Mutex<[Int: any Error]>([:])

  func collect(_ item: Int, _ body: () throws -> Void) {
    do { try body() } catch { failures.withLock { $0[item] = error } }
  }

  func throwFirst() throws {
    if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
  }
}
