import Basics
import Training

/// A run as it lies on disk: what it is, and how it went.
package struct RunDirectory {
  package let folder: String
  package let description: RunDescription
  package let lines: [MetricsLog.Line]

  package init(_ folder: String) throws {
    self.folder = folder
    description = try RunDescription(folder: folder)
    lines = MetricsLog.lines("\(folder)/metrics.jsonl")
  }

  /// Every run below a folder, by name; what is no run is passed over.
  package static func all(_ runs: String) -> [RunDirectory] {
    let names = (try? Files.names(in: runs)) ?? []
    return names.compactMap { Files.exists("\(runs)/\($0)/run.json") ? try? RunDirectory("\(runs)/\($0)") : nil }
  }

  /// - Parameter name: of a run, or its folder.
  package static func named(_ name: String, in runs: String) throws -> RunDirectory {
    if Files.exists("\(runs)/\(name)/run.json") { return try RunDirectory("\(runs)/\(name)") }
    if Files.exists("\(name)/run.json") { return try RunDirectory(name) }
    throw Failure.unknownRun(name, known: all(runs).map(\.description.name))
  }

  package var steps: [MetricsLog.Line] { lines.filter { $0.kind == "step" } }
  package var epochs: [MetricsLog.Line] { lines.filter { $0.kind == "epoch" } }
  package var checkpoints: CheckpointDirectory { CheckpointDirectory(existing: "\(folder)/checkpoints") }
}
