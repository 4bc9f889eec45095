import Basics

/// The error messages of this module, about the user's own stages.
extension Failure {
  static func noSuchStep(_ name: String, known: [String]) -> Failure {
    Failure(
      "usage.until", "the pipeline file has no such stage", on: name, expected: known.joined(separator: ", "),
      hint: nearest(name, in: known).map { "did you mean \($0)?" }, exit: .usage)
  }

  static func stageTwice(_ path: String, _ name: String) -> Failure {
    Failure("stages.name", "two stages have one name", on: path, found: name, exit: .usage)
  }

  static func stageLacks(_ place: String, _ key: String, _ expected: String) -> Failure {
    Failure(
      "stages.\(key)", "a stage lacks what it needs", on: place, found: "no \(key)", expected: expected, exit: .usage)
  }

  static func stagePlace(_ place: String, found: [String], known: [String]) -> Failure {
    Failure(
      "stages.place", "a stage says where it stands, once", on: place,
      found: found.isEmpty ? "neither before nor after" : found.joined(separator: ", "),
      expected: known.map { $0.replacing(" ", with: ": ") }.joined(separator: ", "), exit: .usage)
  }

  static func stageLoop(_ place: String, _ input: String, _ output: String) -> Failure {
    Failure(
      "stages.loop", "a stage writes into what it reads, so that it would never be up to date", on: place,
      found: "input \(input), output \(output)", expected: "directories apart", exit: .usage)
  }

  /// An input that does not exist and that no earlier step makes; found before anything runs.
  static func stageInputNowhere(_ stage: ShellStage, _ path: String) -> Failure {
    Failure(
      "stages.input", "an input of a stage is not there, and no step before it makes it",
      on: "\(stage.place), \(stage.name), \(path)",
      hint: "paths are relative to the directory that pipeline runs in", exit: .usage)
  }

  static func stageInput(_ name: String, _ path: String) -> Failure {
    Failure(
      "stages.input", "an input of a stage is not there", on: "\(name), \(path)",
      hint: "an earlier stage makes it, or its path is another: pipeline run --dry-run shows the order")
  }

  static func stageOutput(_ name: String, _ path: String) -> Failure {
    Failure("stages.output", "the command ended well, but a declared output is not there", on: "\(name), \(path)")
  }

  static func stageFailed(_ shell: ShellStage, _ ending: ShellCommand.Ending) -> Failure {
    let lines = ending.lastLines.map { "\n    \($0)" }.joined()
    return Failure(
      "stages.failed", "the command of a stage failed", on: shell.name, found: "exit status \(ending.status)",
      expected: "0",
      hint: ending.lastLines.isEmpty ? nil : "its last lines:\(lines)")
  }
}
