import ArgumentParser
import Basics
import Prepare
import StageGraph

struct GarbageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Give back the space of stored bytes that nothing refers to.",
    discussion: """
      Kept: what was made of every clip that the last prepare gave a verdict, and what the last runs with something to do put
      aside, so that going back to the settings before decodes nothing. Shards, runs and checkpoints are never touched.
      """
        + "\n\n" + examples("pipeline gc --dry-run", "pipeline gc"))

  @Option(help: .value("count", "How many of the last runs keep what they put aside.")) var keepRuns = 1
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    guard keepRuns >= 0 else {
      throw Failure(
        "usage.value", "a number of at least 0 is wanted", on: "--keep-runs", found: "\(keepRuns)", exit: .usage)
    }
    Progress.begin("looking for what nothing refers to")
    try GarbageJob(workspace: common.workspace, generations: keepRuns, onlyLooks: common.dryRun).run { event in
      switch event {
      case .keepsAll(let isUnfinished):
        Console.note(
          isUnfinished
            ? "the last prepare has not come to its end: all that it made is kept"
            : "no prepare has come to its end in this workspace: everything is kept")
      case .found(let garbage):
        Console.event("garbage", fields(garbage))
        if common.dryRun { Console.say("would free \(words(garbage))") }
        Progress.begin("segments", total: garbage.segments)
      case .segment: Progress.advance()
      case .freed(let garbage): Console.say("freed \(words(garbage))")
      }
    }
  }

  private func words(_ garbage: Garbage) -> String {
    "\(byteText(garbage.bytes)): \(counted(garbage.artifacts, "stored result")) that nothing refers to"
  }

  private func fields(_ garbage: Garbage) -> [String: Any] {
    [
      "artifacts": garbage.artifacts, "records": garbage.records, "memos": garbage.memos, "bytes": garbage.bytes,
      "segments": garbage.segments, "copied": garbage.copied, "dryRun": common.dryRun,
    ]
  }
}
