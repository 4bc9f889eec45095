import Basics
import Runs

/// The commands that reproduce a run's data, its weights and its scores, and whether the shards are still those that it
/// was trained on.
struct ReportReproduction {
  let commands: [String]
  /// What to know before running them again.
  let note: String

  /// - Parameters:
  ///   - run: nil when nothing was trained; then the last command of each kind is listed.
  ///   - data: the data in `shards` now; nil when there are none to train on.
  init(_ run: RunDirectory?, data: TrainingData?, shards: String, workspace: String) {
    let changes = run.flatMap { run in data?.changes(since: run.description) } ?? []
    let kept = CommandLog.last(
      workspace, of: run?.description, shardsAreTheRuns: data != nil && changes.isEmpty)
    let making = kept["prepare"] ?? kept["run"] ?? []
    let later = ["export", "evaluate classify", "evaluate retrieve", "evaluate zero-shot", "evaluate caption"].flatMap {
      kept[$0] ?? []
    }
    commands = making + (run.map { [$0.command] } ?? []) + later
    var sentences: [String] = []
    if let run {
      let name = "run \(run.title)"
      if data == nil {
        sentences.append("The shards that \(name) was trained on are not in \(shards).")
      } else if !changes.isEmpty {
        sentences.append(
          "The data in \(shards) have changed since \(name) was trained: \(changes.joined(separator: "; ")).")
        sentences.append("With them as they are, distill trains another run.")
      }
      if making.isEmpty { sentences.append("No prepare is on record that made the data of \(name).") }
    }
    sentences.append("These commands, on the same files, with the same libraries, give the same bytes.")
    note = sentences.joined(separator: " ")
  }
}
