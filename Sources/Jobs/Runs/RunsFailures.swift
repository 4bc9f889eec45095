import Basics

/// The sentences of this module.
extension Failure {
  static func noAverage(_ run: String) -> Failure {
    Failure(
      "export.average", "the run kept no moving average", on: run,
      hint: "pipeline distill --ema 0.999, or leave --ema out",
      exit: .usage)
  }

  static func noRun(_ workspace: String) -> Failure {
    Failure("run.none", "nothing was trained yet", on: workspace, hint: "pipeline distill")
  }

  package static func unknownRun(_ name: String, known: [String]) -> Failure {
    Failure(
      "run.unknown", "there is no such run", on: name, expected: known.isEmpty ? nil : known.joined(separator: ", "),
      hint: nearest(name, in: known).map { "did you mean \($0)?" })
  }

  static func noCheckpoint(_ run: String) -> Failure {
    Failure("run.empty", "the run has no checkpoint yet", on: run, hint: "pipeline distill")
  }
}
