import ArgumentParser
import Basics
import Stages

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a run's weights for PyTorch (.bin, .pt) or as .safetensors.")

  @Argument(help: "The file to write; its ending chooses the format.")
  var file: String?

  @Option(name: .customLong("run"), help: "Which run; default: the one trained last.") var runName: String?
  @Option(help: "best, last or a step.") var checkpoint: String?
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try common.begin()
    guard let path = file ?? settings?.text("export", "file") else {
      throw Failure("usage.file", "no file is named", hint: "pipeline export weights.bin", exit: .usage)
    }
    let choice =
      try parsed("--checkpoint", checkpoint ?? settings?.text("export", "checkpoint"), TrainedStudent.Choice.init)
      ?? .best
    try Self.export(to: path, run: runName, choice: choice, common: common)
  }

  static func export(to path: String, run: String?, choice: TrainedStudent.Choice, common: CommonOptions) throws {
    let trained = try TrainedStudent(workspace: common.workspace, run: run, checkpoint: choice)
    if common.dryRun {
      Console.say("export \(path): would be written from run \(trained.run.name), step \(trained.state.step)")
      return
    }
    let outcome = try Export.run(trained, to: path)
    Console.say(
      "\(path): \(outcome.tensors) tensors, \(outcome.bytes / 1024) KiB, run \(outcome.run), step \(outcome.step), sha256 \(outcome.digest.short)\(outcome.wasUpToDate ? "; up to date" : "")"
    )
    Console.event(
      "exported",
      [
        "file": path, "run": outcome.run, "step": outcome.step, "bytes": outcome.bytes, "sha256": outcome.digest.hex,
        "upToDate": outcome.wasUpToDate,
      ])
  }
}
