import Basics
import StageGraph

/// A user's command in the pipeline file, with the files that it reads and the files that it makes.
package struct ShellStage: Sendable, Equatable {
  /// At which point of `pipeline run` the stage runs.
  package enum Position: String, Sendable, CaseIterable {
    case beforePrepare = "before prepare"
    /// After `prepare` has written frames, before it looks for teacher embeddings.
    case afterFrames = "after frames"
    case afterPrepare = "after prepare"
    case afterDistill = "after distill"
    case afterExport = "after export"

    /// The step that comes before the stage, for messages.
    package var predecessor: String { self == .beforePrepare ? "the stage before it" : String(rawValue.dropFirst(6)) }
  }

  static let section = "stages"
  /// Names of the tool's own steps.
  static let takenNames = ["frames", "prepare", "distill", "export"]
  static let keys = ["name", "run", "inputs", "outputs", "before", "after"]
  private static let positions: [String: Position] = [
    "before prepare": .beforePrepare, "after frames": .afterFrames, "after prepare": .afterPrepare,
    "before distill": .afterPrepare, "after distill": .afterDistill, "before export": .afterDistill,
    "after export": .afterExport,
  ]

  package let name: String
  /// The command line that /bin/sh runs.
  package let command: String
  /// Files and directories, relative to the working directory of `pipeline`. Hidden names in a directory are ignored.
  package let inputs: [String]
  package let outputs: [String]
  package let position: Position
  /// The pipeline file and the line, for messages.
  package let place: String

  /// - Parameter place: the pipeline file and the line, for messages.
  init(_ values: [String: [String]], place: String) throws {
    guard let name = values["name"]?.first, values["name"]?.count == 1, !name.isEmpty else {
      throw Failure.stageLacks(place, "name", "a name")
    }
    guard let command = values["run"]?.first, values["run"]?.count == 1, !command.isEmpty else {
      throw Failure.stageLacks(place, "run", "one command")
    }
    (self.name, self.command, self.place) = (name, command, place)
    (inputs, outputs) = ((values["inputs"] ?? []).map(Self.plain), (values["outputs"] ?? []).map(Self.plain))
    guard !outputs.isEmpty, !outputs.contains("") else {
      throw Failure.stageLacks(place, "outputs", "files or directories that it makes")
    }
    let places = ["before", "after"].flatMap { word in (values[word] ?? []).map { "\(word) \($0)" } }
    guard places.count == 1, let position = Self.positions[places[0]] else {
      throw Failure.stagePlace(place, found: places, known: Self.positions.keys.sorted())
    }
    self.position = position
    for output in outputs {
      if let input = inputs.first(where: { Self.overlap($0, output) }) { throw Failure.stageLoop(place, input, output) }
    }
  }

  /// The path without `./` at the start and slashes at the end.
  package static func plain(_ path: String) -> String {
    var path = Substring(path)
    while path.hasPrefix("./"), path.count > 2 { path = path.dropFirst(2) }
    while path.hasSuffix("/"), path.count > 1 { path = path.dropLast() }
    return String(path)
  }

  /// Whether the paths are equal or one contains the other. A stage with such an input and output would change its own
  /// input.
  package static func overlap(_ a: String, _ b: String) -> Bool {
    a == b || a == "." || b == "." || a.hasPrefix(b + "/") || b.hasPrefix(a + "/")
  }

  /// The stage of the graph. The command is one of its parameters, so that a changed command shows as such.
  var stage: Stage {
    Stage(name: "shell", version: 1, parameters: ["run": command, "outputs": outputs.joined(separator: "\n")])
  }
  var id: ActionID { ActionID(stage: "shell", subject: name) }
}
