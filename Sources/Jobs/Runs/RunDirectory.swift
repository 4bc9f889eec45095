import Basics
import Training

/// A run on disk: its description and its log.
package struct RunDirectory {
  package let directory: String
  /// The name given by a user; nil for none.
  package let givenName: String?
  package let description: RunDescription
  package let lines: [MetricsLog.Line]

  package init(_ directory: String) throws {
    self.directory = directory
    givenName = RunName.read(directory)
    description = try RunDescription(directory: directory)
    lines = MetricsLog.lines("\(directory)/metrics.jsonl")
  }

  /// - Parameter name: the name of a run, or its directory.
  package static func named(_ name: String, in runs: String) throws -> RunDirectory {
    if name.contains("/"), Files.exists("\(name)/run.json") { return try RunDirectory(name) }
    return try RunDirectory(RunList(runs).named(name).directory)
  }

  /// For people: `baseline (0123456789ab)`, or only the identity.
  package var title: String { givenName.map { "\($0) (\(description.name))" } ?? description.name }

  /// When the run was trained last, in seconds since 1970.
  package var trained: Double { TrainedTime.read(directory) }

  package var steps: [MetricsLog.Line] { lines.filter { $0.kind == "step" } }
  package var epochs: [MetricsLog.Line] { lines.filter { $0.kind == "epoch" } }
  package var checkpoints: CheckpointDirectory { CheckpointDirectory(existing: "\(directory)/checkpoints") }
}
