import Basics
import Training

/// A run as it lies on disk: what it is, and how it went.
package struct RunDirectory {
  package let directory: String
  /// That a person gave to it; nil: none.
  package let givenName: String?
  package let description: RunDescription
  package let lines: [MetricsLog.Line]

  package init(_ directory: String) throws {
    self.directory = directory
    givenName = RunName.read(directory)
    description = try RunDescription(directory: directory)
    lines = MetricsLog.lines("\(directory)/metrics.jsonl")
  }

  /// - Parameter name: of a run, or its directory.
  package static func named(_ name: String, in runs: String) throws -> RunDirectory {
    if name.contains("/"), Files.exists("\(name)/run.json") { return try RunDirectory(name) }
    return try RunDirectory(RunList(runs).named(name).directory)
  }

  /// For people: `baseline (0123456789ab)`, or the identity alone.
  package var title: String { givenName.map { "\($0) (\(description.name))" } ?? description.name }

  /// When it was trained last, in seconds since 1970.
  package var trained: Double { TrainedTime.read(directory) }

  package var steps: [MetricsLog.Line] { lines.filter { $0.kind == "step" } }
  package var epochs: [MetricsLog.Line] { lines.filter { $0.kind == "epoch" } }
  package var checkpoints: CheckpointDirectory { CheckpointDirectory(existing: "\(directory)/checkpoints") }
}
