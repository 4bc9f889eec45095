import ArgumentParser
import Distill
import Runs
import Flow

struct DistillCommand: PipelineFileCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill", abstract: "Train the audio encoder on training shards. Resumes automatically.",
    discussion: """
      Under mpirun -n N or srun --mpi=pmix, N processes train one run together, with the weights of one process.
      """
        + "\n\n"
        + examples(
          "pipeline distill", "pipeline distill --name baseline --epochs 24",
          "pipeline distill --init last --name longer", "mpirun -n 4 pipeline distill"))

  @OptionGroup var options: DistillOptions
  @Flag(help: "Discard the checkpoints of this same run first.") var fresh = false
  @Flag(help: "Print the time of each layer and pass.") var profile = false
  @OptionGroup(title: "GENERAL") var common: CommonOptions

  func run(_ file: PipelineFile?) throws {
    var settings = try options.settings(workspace: common.workspace)
    settings.fresh = fresh
    if common.dryRun {
      try RankSession.speakOnce()
      _ = try DistillReport.plan(DistillJob(settings), explains: common.explain)
    } else {
      let ranks = try RankSession.join()
      if options.machine.threads == nil { settings.threads = try ranks.threads() }
      try DistillReport(settings, ranks, explains: common.explain).run(profiles: profile)
      if ranks.isFirst { Console.next(["export", ModelSource.usualFile]) }
    }
  }
}
