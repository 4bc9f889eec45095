import Basics
import Training

/// A run as it lies on disk: what it is, and how it went.
package struct RunDirectory {
  package let folder: String
  /// That a person gave to it; nil: none.
  package let givenName: String?
  package let description: RunDescription
  package let lines: [MetricsLog.Line]

  package init(_ folder: String) throws {
    self.folder = folder
    givenName = RunName.read(folder)
    description = try RunDescription(folder: folder)
    lines = MetricsLog.lines("\(folder)/metrics.jsonl")
  }

  /// - Parameter name: of a run, or its folder.
  package static func named(_ name: String, in runs: String) throws -> RunDirectory {
    if name.contains("/"), Files.exists("\(name)/run.json") { return try RunDirectory(name) }
    return try RunDirectory(RunList(runs).named(name).folder)
  }

  /// For people: `baseline (0123456789ab)`, or the identity alone.
  package var title: String { givenName.map { "\($0) (\(description.name))" } ?? description.name }

  /// When it was trained last, in seconds since 1970.
  package var trained: Double { TrainedTime.read(folder) }

  package var steps: [MetricsLog.Line] { lines.filter { $0.kind == "step" } }
  package var epochs: [MetricsLog.Line] { lines.filter { $0.kind == "epoch" } }
  package var checkpoints: CheckpointDirectory { CheckpointDirectory(existing: "\(folder)/checkpoints") }
}
