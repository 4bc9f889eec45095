import ArgumentParser
import Basics
import Stages

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "The whole flow of a pipeline file: prepare, distill, export, and stages of your own."
  )

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
    let shell = ShellFlow(stages: settings?.shellStages ?? [], common: common)
    var leftOut: Failure?
    do {
      try shell.run(.beforePrepare)
      try prepareFrames(settings, common, shell)
      try PrepareFlow(settings: try prepareSettings(settings, common, shell), common: common).run()
    } catch let failure as Failure where failure.exit == .tooManyLeftOut {
      // Everything else is kept: training goes on, and the exit status remembers.
      Console.warn("\(failure)")
      leftOut = failure
    }
    try shell.run(.afterPrepare)
    if until != .prepare {
      try DistillFlow(settings: try DistillOptions.parse([]).settings(common: common, file: settings), common: common)
        .run()
      try shell.run(.afterDistill)
    }
    if until == .export {
      let choice =
        try parsed("checkpoint", settings?.text("export", "checkpoint"), TrainedStudent.Choice.init) ?? .best
      try ExportCommand.export(
        to: settings?.text("export", "file") ?? "weights.bin", run: nil, choice: choice, common: common)
      try shell.run(.afterExport)
    }
    if let leftOut { throw leftOut }
  }

  private func prepareSettings(_ file: PipelineFile?, _ common: CommonOptions, _ shell: ShellFlow) throws
    -> PrepareSettings
  {
    var settings = try PrepareOptions.parse([]).settings(videos: [], common: common, file: file)
    // What a stage has yet to make is not there to be planned with.
    if common.dryRun, shell.stages.contains(where: { $0.position == .afterFrames }) {
      settings.embeddings.removeAll { !Files.exists($0) }
    }
    return settings
  }

  /// Frames first, for the stages that make teacher vectors of them.
  private func prepareFrames(_ file: PipelineFile?, _ common: CommonOptions, _ shell: ShellFlow) throws {
    guard shell.stages.contains(where: { $0.position == .afterFrames }) else { return }
    var settings = try prepareSettings(file, common, shell)
    guard settings.framesOut != nil else {
      throw Failure(
        "stages.frames", "a stage stands after frames, but none are written", on: common.pipelineFile,
        expected: "prepare: frames-out: DIR", exit: .usage)
    }
    settings.embeddings = []
    if !common.dryRun { try PrepareFlow(settings: settings, common: common, framesOnly: true).run() }
    try shell.run(.afterFrames)
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
