import ArgumentParser
import Basics
import Corpus

struct ReasonsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reasons", abstract: "What each reason to leave a clip out, or to warn of it, means.",
    discussion: "`pipeline prepare --leave-out` and `--keep` change what becomes of the clips that have one.\n\n"
      + examples("pipeline reasons", "pipeline reasons clip.short", "pipeline reasons embedding"))

  @Argument(help: .value("reason", "A reason, or the beginning of some. (default: all)")) var reason: String?
  @OptionGroup(title: "GENERAL") var common: LookOptions

  func run() throws {
    common.begin()
    let reasons = builtInReasons.filter { reason == nil || $0.code.rawValue.hasPrefix(reason ?? "") }
    guard !reasons.isEmpty else {
      _ = try VerdictPolicy.known(reason ?? "")
      return
    }
    for (effect, heading) in [(Reason.Effect.leavesOut, "left out"), (.warns, "kept, with a warning")] {
      let chosen = reasons.filter { $0.effect == effect }
      guard !chosen.isEmpty else { continue }
      var table = Table()
      for reason in chosen {
        table.add(reason.code.rawValue, reason.meaning + (reason.isFinal ? "" : "; tried again next time"))
        Console.event(
          "reason",
          [
            "code": reason.code.rawValue, "effect": effect == .leavesOut ? "leave-out" : "warn",
            "meaning": reason.meaning, "final": reason.isFinal,
          ])
      }
      Console.say("\(heading), unless flags say otherwise:")
      Console.say(table)
    }
  }
}
