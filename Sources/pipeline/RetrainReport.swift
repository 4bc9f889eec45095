import Attest
import Basics
import Distill
import Export
import Runs

/// Connects the jobs that make weights again, and prints the result.
enum RetrainReport {
  /// Trains and exports as `distill` and `export` do.
  static var steps: RetrainJob.Steps {
    RetrainJob.Steps(
      name: { try DistillJob(settings($0)).plan().run },
      train: { try DistillReport(settings($0)).run() },
      export: { recipe, run, path in
        let output = recipe.provenance.output
        var export = ExportSettings(path: path)
        (export.runs, export.run) = ("\(recipe.directory)/runs", run)
        (export.checkpoint, export.averaged) = (.step(recipe.provenance.step), output.averaged)
        export.selection = WeightSelection(
          parts: try parsed("parts", output.parts, WeightParts.init), half: output.half)
        try ExportJob(export).run { _ in }
      })
  }

  private static func settings(_ recipe: RetrainJob.Recipe) -> DistillSettings {
    var settings = DistillSettings()
    settings.configuration = recipe.provenance.configuration
    (settings.runs, settings.workspace) = ("\(recipe.directory)/runs", "\(recipe.directory)/workspace")
    (settings.shards, settings.initial) = (recipe.settings.shards, recipe.settings.initial)
    (settings.instructionSet, settings.threads) = (recipe.settings.instructionSet, recipe.settings.threads)
    // Trains up to the checkpoint that was exported, whatever the number of epochs.
    (settings.limits.steps, settings.limits.epochs) = (recipe.provenance.step, 1 << 20)
    return settings
  }

  static func show(_ event: RetrainJob.Event, _ job: RetrainJob) {
    switch event {
    case .began(let provenance):
      Console.note("run \(provenance.run.short) to step \(provenance.step), of \(provenance.shards.count) shards")
    case .same(let digest, let signature):
      let how = "\(job.settings.instructionSet.name), \(job.settings.threads) threads"
      Console.say("\(job.verification.weights): trained again (\(how)), the same bytes: sha256 \(digest.short)")
      if let signature { Console.say("countersigned: \(signature)") }
      Console.event(
        "retrained",
        [
          "file": job.verification.weights, "sha256": digest.hex, "instructionSet": job.settings.instructionSet.name,
          "threads": job.settings.threads, "signature": signature ?? "",
        ])
    }
  }
}
