import Basics
import Flow
import Foundation
import StageGraph

/// Shell stages of a pipeline file, with what a person or a machine sees of them.
struct ShellFlow {
  let common: CommonOptions

  func run(_ shell: ShellStage) throws {
    let catalog = try Catalog.writer(common.workspace)
    defer { catalog.endWriting() }
    let run = try ShellStageRun(shell, catalog: catalog)
    if run.isUpToDate {
      Console.say("stage \(shell.name): up to date")
      Console.event("stage", ["name": shell.name, "ran": false])
      return
    }
    tell(shell, run.reasons)
    let isQuiet = Console.isQuiet
    let start = ContinuousClock.now
    // What the command says is no result of ours: it goes to stderr.
    try run.run { bytes in if !isQuiet { try? writeAll(bytes, to: 2, path: "output") } }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    Console.say("stage \(shell.name): ran \(one(seconds)) s")
    Console.event("stage", ["name": shell.name, "ran": true, "seconds": seconds])
  }

  /// Says what would be done.
  /// - Returns: whether it would or might run.
  func plan(_ shell: ShellStage) throws -> Bool {
    guard let catalog = try Catalog.readerIfThere(common.workspace) else {
      Console.say("stage \(shell.name): would run: \(RebuildReason.neverBuilt)")
      return true
    }
    do {
      let run = try ShellStageRun(shell, catalog: catalog)
      Console.say("stage \(shell.name): \(run.isUpToDate ? "up to date" : "would run: \(words(run.reasons))")")
      Console.event("plan", ["stage": shell.name, "run": run.isUpToDate ? 0 : 1])
      return !run.isUpToDate
    } catch let failure as Failure where failure.code == "stages.input" {
      Console.say("stage \(shell.name): after \(failure.subject ?? "its inputs")")
      return true
    }
  }

  private func tell(_ shell: ShellStage, _ reasons: [RebuildReason]) {
    if common.explain { Console.say("shell \(shell.name): \(words(reasons))") }
    Console.event("reason", ["stage": "shell", "subject": shell.name, "reasons": reasons.map(\.code)])
  }

  private func words(_ reasons: [RebuildReason]) -> String { reasons.map(\.description).joined(separator: "; ") }
}
