import ArgumentParser
import Attest
import Basics
import Export
import Flow
import Runs

/// The options of `export` that can be in a pipeline file.
struct ExportOptions: ParsableArguments {
  @Option(
    help: .value("best|last|step", "Which checkpoint: best, last or a step."))
  var checkpoint = TrainedModel.Choice.best
}

struct ExportCommand: PipelineFileCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a run's weights for PyTorch (.bin, .pt), as .safetensors, or as a graph for ONNX Runtime (.onnx).",
    discussion: examples(
      "pipeline export weights.bin", "pipeline export model.onnx --run baseline --checkpoint best",
      "pipeline export weights.safetensors --half"))

  @Argument(help: "The file to write; its ending chooses the format.")
  var file: String?

  @Option(name: .customLong("run"), help: .value("name", "Which run. (default: the one trained last)")) var runName:
    String?
  @OptionGroup var options: ExportOptions
  @Flag(help: "Write the moving average that distill --ema kept.") var ema = false
  @OptionGroup(title: "WEIGHTS") var weights: WeightOptions
  @OptionGroup(title: "PROOF") var proof: AttestOptions
  @OptionGroup(title: "GENERAL") var common: CommonOptions

  func run(_ settings: PipelineFile?) throws {
    guard let path = file ?? settings?.text(Self.section, "file") else {
      throw Failure("usage.file", "no file is named", hint: "pipeline export weights.bin", exit: .usage)
    }
    var export = ExportSettings(path: path)
    (export.run, export.averaged) = (runName, ema)
    export.checkpoint = options.checkpoint
    export.selection = try weights.selection()
    if common.dryRun { return try ExportReport.plan(ExportJob(export)) }
    // Checked before anything is written: with an unusable key or other shards, no file is left behind.
    let attestation = try proof.job(path).map { ($0, try provenance($0, export)) }
    Progress.begin("writing \(path)")
    if let (_, provenance) = attestation {
      // Exports the run and step that are signed, even if training continues meanwhile.
      (export.run, export.checkpoint) = (provenance.run.short, .step(provenance.step))
    }
    try ExportJob(export).run { [export] in ExportReport.show($0, export) }
    if let (attestation, provenance) = attestation {
      let signature = try attestation.run(provenance)
      Console.say("signed: \(signature)")
      Console.event("signed", ["file": path, "signature": signature])
    }
    Console.next(["evaluate", "retrieve", "--weights", path])
  }
}

extension ExportCommand {
  private func provenance(_ attestation: AttestJob, _ export: ExportSettings) throws -> Provenance {
    let trained = try TrainedModel(
      runs: export.runs, run: export.run, checkpoint: export.checkpoint, averaged: export.averaged)
    return try attestation.check(
      trained,
      .init(averaged: export.averaged, half: export.selection.half, parts: export.selection.parts?.rawValue))
  }
}

/// Prints an export, for people or as JSON.
enum ExportReport {
  static func plan(_ job: ExportJob) throws {
    let (run, step) = try job.plan()
    Console.say("export \(job.settings.path): would be written from run \(run), step \(step)")
  }

  static func show(_ event: ExportJob.Event, _ settings: ExportSettings) {
    switch event {
    case .exported(let outcome):
      CommandHistory.note(run: outcome.run)
      let file = outcome.file
      let half = settings.selection.half ? ", float16 moves embeddings by \(outcome.deviation)" : ""
      Console.say(
        "\(file.path): \(file.tensors) tensors, \(byteText(file.bytes)), run \(outcome.run), step \(outcome.step), sha256 \(file.digest.short)\(half)\(file.wasUpToDate ? "; up to date" : "")"
      )
      var fields = file.fields
      (fields["run"], fields["step"], fields["deviation"]) = (outcome.run, outcome.step, outcome.deviation)
      Console.event("exported", fields)
    }
  }
}
