import ArgumentParser
import Basics
import Flow

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "The whole flow of a pipeline file: prepare, distill, export, and stages of your own."
  )

  @Argument(help: "The pipeline file; default: Pipelines/wav2clip.yaml.")
  var file: String?

  @Option(
    help: "Stop after this stage: prepare, distill, export, frames, or one of the file's own; default: after all.")
  var until: String?

  @Option(help: "Share results of prepare with other workspaces: http(s)://… or file:///DIRECTORY.")
  var remoteCache: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    try RankSession.refuseSeveral("pipeline run")
    var common = common
    common.pipelineFile = file ?? common.pipelineFile ?? PipelineFile.standardPath
    let file = try common.begin()
    var options = try PrepareOptions.parse(file?.words(PrepareCommand.section) ?? [])
    options.machine.remoteCache = remoteCache ?? options.machine.remoteCache
    try PipelineReport(file: file, common: common, options: options).run(until: until)
  }
}

struct PlanCommand: PipelineFileCommand {
  static let section = PrepareCommand.section
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "What `run` would do with the pipeline file, and why.")

  @Argument(help: "Folders or files with clips; default: the pipeline file's.")
  var videos: [String] = []

  @OptionGroup var options: PrepareOptions
  @OptionGroup var common: CommonOptions

  func run(_ file: PipelineFile?) throws {
    var common = common
    common.dryRun = true
    try PipelineReport(file: file, common: common, videos: videos, options: options).run(until: nil)
  }
}
