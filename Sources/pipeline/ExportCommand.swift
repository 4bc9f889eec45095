import ArgumentParser
import Basics
import Export
import Flow
import Runs

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's weights for PyTorch (.bin, .pt), as .safetensors, or as a graph for ONNX Runtime (.onnx).")

  @Argument(help: "The file to write; its ending chooses the format.")
  var file: String?

  @Option(name: .customLong("run"), help: "Which run; default: the one trained last.") var runName: String?
  @Option(help: "best, last or a step.") var checkpoint: String?
  @Flag(help: "Write the moving average that distill --ema kept.") var ema = false
  @OptionGroup var weights: WeightOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let settings = try common.begin()
    guard let path = file ?? settings?.text("export", "file") else {
      throw Failure("usage.file", "no file is named", hint: "pipeline export weights.bin", exit: .usage)
    }
    let choice =
      try parsed("--checkpoint", checkpoint ?? settings?.text("export", "checkpoint"), TrainedStudent.Choice.init)
      ?? .best
    try Self.export(
      to: path, run: runName, choice: choice, averaged: ema, selection: try weights.selection(), common: common)
  }

  static func export(
    to path: String, run: String?, choice: TrainedStudent.Choice, averaged: Bool = false,
    selection: WeightSelection = WeightSelection(),
    common: CommonOptions
  ) throws {
    let trained = try TrainedStudent(workspace: common.workspace, run: run, checkpoint: choice, averaged: averaged)
    if common.dryRun {
      Console.say("export \(path): would be written from run \(trained.run.name), step \(trained.state.step)")
      return
    }
    let outcome = try Export.run(trained, to: path, selection: selection)
    let file = outcome.file
    let half = selection.half ? ", float16 moves embeddings by \(outcome.deviation)" : ""
    Console.say(
      "\(path): \(file.tensors) tensors, \(file.bytes / 1024) KiB, run \(outcome.run), step \(outcome.step), sha256 \(file.digest.short)\(half)\(file.wasUpToDate ? "; up to date" : "")"
    )
    var fields = file.fields
    (fields["run"], fields["step"], fields["deviation"]) = (outcome.run, outcome.step, outcome.deviation)
    Console.event("exported", fields)
  }
}
