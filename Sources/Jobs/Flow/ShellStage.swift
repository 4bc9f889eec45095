import Basics
import StageGraph

/// A command of the user's own in the pipeline file, with the files it reads and the files it makes.
package struct ShellStage: Sendable, Equatable {
  /// Where in `pipeline run` it stands.
  package enum Position: String, Sendable, CaseIterable {
    case beforePrepare = "before prepare"
    /// The frames of `prepare` are written; its teacher embeddings are not looked for yet.
    case afterFrames = "after frames"
    case afterPrepare = "after prepare"
    case afterDistill = "after distill"
    case afterExport = "after export"

    /// What comes before it.
    package var predecessor: String { self == .beforePrepare ? "the stage before it" : String(rawValue.dropFirst(6)) }
  }

  static let section = "stages"
  /// What the steps of the tool's own are called.
  static let takenNames = ["frames", "prepare", "distill", "export"]
  static let keys = ["name", "run", "inputs", "outputs", "before", "after"]
  private static let positions: [String: Position] = [
    "before prepare": .beforePrepare, "after frames": .afterFrames, "after prepare": .afterPrepare,
    "before distill": .afterPrepare, "after distill": .afterDistill, "before export": .afterDistill,
    "after export": .afterExport,
  ]

  package let name: String
  /// What /bin/sh runs.
  package let command: String
  /// Files and directories, relative to where `pipeline` runs. Hidden names in a directory do not count.
  package let inputs: [String]
  package let outputs: [String]
  package let position: Position
  /// The file and the line, for messages.
  package let place: String

  /// - Parameter place: the file and line, for messages.
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
      throw Failure.stageLacks(place, "outputs", "files or folders that it makes")
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

  /// Without `./` in front and slashes behind.
  package static func plain(_ path: String) -> String {
    var path = Substring(path)
    while path.hasPrefix("./"), path.count > 2 { path = path.dropFirst(2) }
    while path.hasSuffix("/"), path.count > 1 { path = path.dropLast() }
    return String(path)
  }

  /// Whether one is the other or lies in it: then running it would change what it runs for.
  package static func overlap(_ a: String, _ b: String) -> Bool {
    a == b || a == "." || b == "." || a.hasPrefix(b + "/") || b.hasPrefix(a + "/")
  }

  /// The command is a parameter of the stage, so that a change of it shows as one.
  var stage: Stage {
    Stage(name: "shell", version: 1, parameters: ["run": command, "outputs": outputs.joined(separator: "\n")])
  }
  var id: ActionID { ActionID(stage: "shell", subject: name) }
}
