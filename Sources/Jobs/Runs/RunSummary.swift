import Basics
import Evaluation
import Foundation
import Training

/// How far a run has got and how good it is, for a list of runs.
package struct RunSummary: Sendable {
  /// One evaluation, in one score.
  package struct Score: Sendable {
    /// `retrieve R@5`.
    package var name: String
    package var value: Double
    /// The score of guessing; nil when the evaluation does not state it.
    package var chance: Double?
    /// The step of the weights that were scored.
    package var step: Int?
  }

  package var name: String
  /// The name given by a user.
  package var givenName: String?
  /// When the run was trained last, in seconds since 1970.
  package var trained: Double
  /// Number of clips by split.
  package var clips: [String: Int]
  package var teacher: String?
  package var steps: Int
  /// The number of finished epochs.
  package var epochs: Int
  /// The loss in the last line of its log; nil before the first line.
  package var loss: Double?
  package var bestValidation: Double?
  /// The best share of validation clips whose own image was among the five nearest to their audio.
  package var validationRecallAt5: Double?
  /// The newest score of each evaluation.
  package var scores: [Score]
  /// The run whose weights it started from.
  package var parent: RunParent?

  package init(_ run: RunList.Run) {
    let lines = MetricsLog.lines("\(run.directory)/metrics.jsonl")
    let epochs = lines.filter { $0.kind == "epoch" }
    (name, givenName, trained) = (run.name, run.givenName, run.trained)
    (clips, teacher, parent) = (run.description.clips, run.description.teacher, run.description.parent)
    (steps, loss) = (lines.last?.step ?? 0, lines.last?.loss)
    self.epochs = epochs.map { $0.epoch + 1 }.max() ?? 0
    bestValidation = epochs.compactMap(\.validationLoss).min()
    validationRecallAt5 = epochs.compactMap { $0.retrieval?["audio to image R@5"] }.max()
    scores = Self.scores(run.directory)
  }

  /// The summaries of all runs, the one trained last first.
  package static func all(_ list: RunList) -> [RunSummary] { list.runs.map(RunSummary.init) }

  /// `176 train, 22 validation`, in the order of training.
  package var clipsText: String {
    ["train", "validation", "test"].compactMap { split in clips[split].map { "\($0) \(split)" } }.joined(
      separator: ", ")
  }

  private static func scores(_ directory: String) -> [Score] {
    let file = try? EvaluationFile(reading: "\(directory)/\(EvaluationFile.name)")
    return (file?.latest ?? []).compactMap { record in
      record.headline.map { headline in
        Score(
          name: "\(record.kind) \(headline.score)", value: headline.value, chance: headline.chance, step: record.step)
      }
    }
  }
}
