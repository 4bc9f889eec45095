import ArgumentParser
import Basics
import Stages

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "The whole flow of a pipeline file: prepare, distill, export.")

  enum Stage: String, ExpressibleByArgument, CaseIterable { case prepare, distill, export }

  @Argument(help: "The pipeline file; default: Pipelines/wav2clip.yaml.")
  var file: String?

  @Option(help: "Stop after this stage: prepare, distill or export.")
  var until: Stage = .export

  @OptionGroup var common: CommonOptions

  func run() throws {
    var common = common
    common.pipelineFile = file ?? common.pipelineFile ?? PipelineFile.standardPath
    let settings = try common.begin()
    var leftOut: Failure?
    do {
      let prepare = try PrepareOptions.parse([]).settings(videos: [], common: common, file: settings)
      try PrepareFlow(settings: prepare, common: common).run()
    } catch let failure as Failure where failure.exit == .tooManyLeftOut {
      // Everything else is kept: training goes on, and the exit status remembers.
      Console.warn("\(failure)")
      leftOut = failure
    }
    if until != .prepare {
      try DistillFlow(settings: try DistillOptions.parse([]).settings(common: common, file: settings), common: common).run()
    }
    if until == .export {
      let choice =
        try parsed("checkpoint", settings?.text("export", "checkpoint"), TrainedStudent.Choice.init) ?? .best
      try ExportCommand.export(to: settings?.text("export", "file") ?? "weights.bin", run: nil, choice: choice, common: common)
    }
    if let leftOut { throw leftOut }
  }
}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "What `run` would do with the pipeline file, and why.")

  @Argument(help: "Folders or files with clips; default: the pipeline file's.")
  var videos: [String] = []

  @OptionGroup var options: PrepareOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    var common = common
    common.dryRun = true
    let file = try common.begin()
    try PrepareFlow(settings: try options.settings(videos: videos, common: common, file: file), common: common).run()
  }
}
