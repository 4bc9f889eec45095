import Basics
import Training

/// How far a run has come.
package struct RunSummary: Sendable {
  package var name: String
  package var steps: Int
  /// Of the last line of its log; nil before the first.
  package var loss: Double?
  package var bestValidation: Double?
  /// The run whose weights it started from.
  package var parent: RunParent?

  /// Of every run, the one trained last first.
  package static func all(_ list: RunList) -> [RunSummary] {
    list.runs.map { run in
      let lines = MetricsLog.lines("\(run.folder)/metrics.jsonl")
      return RunSummary(
        name: run.name, steps: lines.last?.step ?? 0, loss: lines.last?.loss,
        bestValidation: lines.compactMap(\.validationLoss).min(), parent: run.description.parent)
    }
  }
}
