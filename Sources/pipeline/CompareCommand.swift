import ArgumentParser
import Basics
import Evaluation
import Report

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Two runs side by side: what differs in them, their losses and their scores.",
    discussion: examples("pipeline compare baseline longer", "pipeline compare 600f 7342 --out compare.html"))

  @Argument(help: .value("run", "A run: its name or its identity, or the beginning of either.")) var first: String
  @Argument(help: .value("other run", "Another run.")) var second: String
  @Option(help: .value("file", "The page to write. (default: none)")) var out: String?
  @Option(help: .value("directory", "The directory with the runs.")) var runs = "runs"
  @OptionGroup(title: "GENERAL") var common: PlainOptions

  func run() throws {
    common.begin()
    try CompareJob(first, second, runs: runs).run(to: common.dryRun ? nil : out) { event in
      switch event {
      case .compared(let comparison): show(comparison)
      case .written(let path, let bytes): Console.say("\(path): \(byteText(bytes))")
      }
    }
    if common.dryRun, let out { Console.say("would write \(out)") }
  }

  private func show(_ comparison: RunComparison) {
    var table = Table()
    table.addHeading("", "", comparison.first, comparison.second)
    for difference in comparison.differences {
      table.add(difference.kind, difference.name, difference.first, difference.second)
      Console.event(
        "difference",
        [
          "kind": difference.kind, "name": difference.name, "first": difference.first, "second": difference.second,
        ])
    }
    if comparison.differences.isEmpty {
      Console.say("parameters, data and tools are the same")
    } else {
      Console.say(table)
    }
    showProgress(comparison)
    showScores(comparison)
  }

  private func showProgress(_ comparison: RunComparison) {
    var table = Table()
    table.addHeading("", comparison.first, comparison.second)
    for row in comparison.progress {
      table.add(row.name, row.first, row.second)
      Console.event(
        "progress-of-runs", ["name": row.name, "first": machineValue(row.first), "second": machineValue(row.second)])
    }
    Console.say("\nlosses")
    Console.say(table)
  }

  private func showScores(_ comparison: RunComparison) {
    var last = ""
    var table = Table()
    func flush() {
      if !last.isEmpty {
        Console.say("\n\(last)")
        Console.say(table)
      }
      table = Table()
      table.addHeading("row", "score", comparison.first, comparison.second, "difference")
    }
    for score in comparison.scores {
      if score.evaluation != last {
        flush()
        last = score.evaluation
      }
      table.add(
        score.row, score.score, EvaluationText.cell(score.first), EvaluationText.cell(score.second),
        RunComparison.signed(score.difference))
      Console.event(
        "score",
        [
          "evaluation": score.evaluation, "row": score.row, "score": score.score, "first": score.first.mean,
          "second": score.second.mean,
        ])
    }
    flush()
  }
}
