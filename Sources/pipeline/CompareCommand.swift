import ArgumentParser
import Evaluation
import Report

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Two runs side by side: what differs in them, their curves and their scores.")

  @Argument(help: "A run.") var first: String
  @Argument(help: "Another run.") var second: String
  @Option(help: "The page to write; default: none.") var out: String?
  @Option(help: "The folder with the runs.") var runs = "runs"
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    try CompareJob(first, second, runs: runs).run(to: common.dryRun ? nil : out) { event in
      switch event {
      case .compared(let comparison): show(comparison)
      case .written(let path, let bytes): Console.say("\(path): \(bytes / 1024) KiB")
      }
    }
    if common.dryRun, let out { Console.say("would write \(out)") }
  }

  private func show(_ comparison: RunComparison) {
    var table = Table()
    table.add("", "", comparison.first, comparison.second)
    for difference in comparison.differences {
      table.add(difference.kind, difference.name, difference.first, difference.second)
      Console.event(
        "difference",
        [
          "kind": difference.kind, "name": difference.name, "first": difference.first, "second": difference.second,
        ])
    }
    Console.say(comparison.differences.isEmpty ? "parameters, data and tools are the same" : table.text)
    showScores(comparison)
  }

  private func showScores(_ comparison: RunComparison) {
    var last = ""
    var table = Table()
    func flush() {
      if !last.isEmpty { Console.say("\n\(last)\n\(table.text)") }
      table = Table()
      table.add("row", "score", comparison.first, comparison.second, "difference")
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
