import Basics

/// The error messages of this module.
extension Failure {
  static func noAverage(_ run: String) -> Failure {
    Failure(
      "export.average", "the run kept no moving average", on: run,
      hint: "pipeline distill --ema 0.999, or leave --ema out",
      exit: .usage)
  }

  static func noRun(_ runs: String) -> Failure {
    Failure("run.none", "nothing was trained yet", on: runs, hint: "pipeline distill")
  }

  static func noModel(_ runs: String, _ file: String) -> Failure {
    Failure(
      "run.none", "nothing was trained yet, and there is no \(file)", on: runs,
      hint: "train with pipeline distill, or name a file: --weights FILE")
  }

  static func fileAndRun(_ other: String) -> Failure {
    Failure(
      "usage.weights", "weights come from a file or from a run", found: "--weights and \(other)", exit: .usage)
  }

  static func damagedRun(_ directory: String, _ reason: String) -> Failure {
    Failure("run.damaged", "the run cannot be read", on: directory, found: reason)
  }

  static func ambiguousRun(_ text: String, _ names: [String]) -> Failure {
    Failure(
      "run.ambiguous", "several runs begin like this", on: text, found: names.joined(separator: ", "),
      hint: "give more of the name", exit: .usage)
  }

  package static func unknownRun(_ name: String, known: [String]) -> Failure {
    Failure(
      "run.unknown", "there is no such run", on: name, expected: known.isEmpty ? nil : known.joined(separator: ", "),
      hint: nearest(name, in: known).map { "did you mean \($0)?" } ?? RunList.hint(tooShort: name))
  }

  static func unusableRunName(_ name: String) -> Failure {
    Failure(
      "run.name", "a run cannot be called that", on: name,
      expected: "up to 64 letters, digits, - and _, a letter or a digit first; not last, not best", exit: .usage)
  }

  static func takenRunName(_ name: String, by run: String) -> Failure {
    Failure(
      "run.taken", "another run has that name", on: name, found: "run \(run)",
      hint: "take another name, or give that run another: pipeline runs rename \(name) OTHER", exit: .usage)
  }

  static func noCheckpoint(_ run: String) -> Failure {
    Failure(
      "run.empty", "the run has no checkpoint yet", on: run,
      hint: "pipeline distill trains it; or choose another one: pipeline runs lists them, --run NAME takes one")
  }

  static func otherShards(_ run: String, _ directory: String) -> Failure {
    Failure(
      "attest.data", "these are not the shards that the run was trained on", on: directory, found: "run \(run)",
      hint: "name them with --shards")
  }
}
