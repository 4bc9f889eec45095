import Basics
import Evaluation
import Foundation
import Runs

/// Prints runs, for people or as JSON: one row each, the one trained last first.
enum RunsTable {
  static func show(_ list: RunList) {
    for (_, failure) in list.unreadable { Console.warn(failure) }
    let runs = RunSummary.all(list)
    for run in runs { Console.event("run", fields(run)) }
    guard !runs.isEmpty else { return }
    var table = Table()
    let columns = columns.filter { column in column.isAlwaysShown || runs.contains { column.cell($0) != nil } }
    for run in runs { table.add(row: columns.map { $0.cell(run) ?? "-" }) }
    table.addHeading(row: columns.map(\.heading))
    Console.say(table)
  }

  private struct Column: Sendable {
    var heading: String
    var isAlwaysShown = true
    var cell: @Sendable (RunSummary) -> String?
  }

  private static let columns = [
    Column(heading: "run", cell: \.name),
    Column(heading: "name", isAlwaysShown: false, cell: \.givenName),
    Column(heading: "trained last") { TrainedTime.text($0.trained) },
    Column(heading: "clips", cell: \.clipsText),
    Column(heading: "epochs") { "\($0.epochs)" },
    Column(heading: "steps") { "\($0.steps)" },
    Column(heading: "loss") { $0.loss.map(four) },
    Column(heading: "best validation") { $0.bestValidation.map(four) },
    Column(heading: "validation R@5", isAlwaysShown: false) {
      $0.validationRecallAt5.map { EvaluationText.number($0) }
    },
    Column(heading: "evaluations", isAlwaysShown: false) { run in
      run.scores.isEmpty ? nil : run.scores.map { text($0, of: run) }.joined(separator: "; ")
    },
    Column(heading: "started from", isAlwaysShown: false) { run in
      run.parent.map { "run \($0.name), step \($0.step)" }
    },
  ]

  private static func four(_ value: Double) -> String { String(format: "%.4f", value) }

  /// `retrieve R@5 0.475 (chance 0.125)`, with the step where the run has been trained on since.
  private static func text(_ score: RunSummary.Score, of run: RunSummary) -> String {
    let chance = score.chance.map { "chance \(EvaluationText.number($0))" }
    let step = score.step.flatMap { $0 < run.steps ? "step \($0)" : nil }
    let facts = [chance, step].compactMap(\.self).joined(separator: ", ")
    return "\(score.name) \(EvaluationText.number(score.value))\(facts.isEmpty ? "" : " (\(facts))")"
  }

  private static func fields(_ run: RunSummary) -> [String: Any] {
    let scores = run.scores.map { score -> [String: Any] in
      [
        "name": score.name, "value": score.value, "chance": score.chance as Any? ?? NSNull(),
        "step": score.step as Any? ?? NSNull(),
      ]
    }
    return [
      "name": run.name, "givenName": run.givenName as Any? ?? NSNull(), "trained": run.trained, "clips": run.clips,
      "teacher": run.teacher as Any? ?? NSNull(), "epochs": run.epochs, "steps": run.steps,
      "loss": run.loss as Any? ?? NSNull(), "bestValidation": run.bestValidation as Any? ?? NSNull(),
      "validationRecallAt5": run.validationRecallAt5 as Any? ?? NSNull(), "scores": scores,
      "parent": run.parent?.name as Any? ?? NSNull(),
    ]
  }
}
