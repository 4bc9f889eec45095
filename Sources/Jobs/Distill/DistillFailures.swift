import Basics
import Runs

/// The error messages of this module.
extension Failure {
  static func nothingToStartFrom(_ runs: String) -> Failure {
    Failure(
      "init.none", "--init last: there is no run with a checkpoint to start from", on: runs,
      hint: "without --init, training starts from random weights", exit: .usage)
  }

  static func unknownStart(_ text: String, known: [String]) -> Failure {
    Failure(
      "init.unknown", "--init: there is no such weight file, and no such run", on: text,
      expected: known.isEmpty ? nil : "last, or one of \(known.joined(separator: ", "))",
      hint: nearest(text, in: known).map { "did you mean \($0)?" }, exit: .usage)
  }

  static func otherEncoder(_ run: String, found: String, expected: String) -> Failure {
    Failure(
      "init.encoder", "--init: the run has another encoder than the one to be trained", on: run, found: found,
      expected: expected, hint: "pipeline distill --encoder \(found)", exit: .usage)
  }

  static func parentChanged(_ parent: RunParent, _ found: String) -> Failure {
    Failure(
      "init.changed", "the run that this one starts from no longer has those weights", on: parent.reference,
      found: found, expected: "weights \(parent.weights.short)",
      hint: "start from what it has now: pipeline distill --init \(parent.name)")
  }
}
