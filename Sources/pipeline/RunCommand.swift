import ArgumentParser
import Basics
import Corpus
import Flow

/// The options that `run` and `plan` share.
struct FlowOptions: ParsableArguments {
  @Argument(
    help: .value(
      "file|videos",
      """
      The pipeline file (YAML); directories or files with clips take the place of those that it names. \
      (default: \(PipelineFile.standardPath))
      """))
  var words: [String] = []

  @Option(
    help: .value(
      "stage", "Stop after this stage: prepare, distill, export, frames, or one of the file's own. (default: the last)")
  )
  var until: String?

  @OptionGroup var prepare: PrepareOptions

  /// Splits the words into the pipeline file and the clips.
  /// - Throws: `usage.pipeline-file` for more than one file.
  func split() throws -> (file: String?, videos: [String]) {
    let files = words.filter { !Self.isClips($0) }
    guard files.count < 2 else {
      throw Failure(
        "usage.pipeline-file", "one pipeline file is wanted", found: files.joined(separator: ", "), exit: .usage)
    }
    return (files.first, words.filter(Self.isClips))
  }

  /// Whether a word is a directory, a tar, or a file with the name of a media file.
  private static func isClips(_ word: String) -> Bool {
    if Files.isDirectory(word) || word.hasSuffix("/") { return true }
    switch MediaKind.of(name: Files.name(word)) {
    case .media, .archive: return true
    case .other, .unknown: return false
    }
  }
}

/// A command that runs or plans the steps of a pipeline file.
protocol FlowCommand: ParsableCommand {
  var flow: FlowOptions { get }
  var common: CommonOptions { get }
  /// Whether it only reports what would be done.
  var onlyPlans: Bool { get }
}

extension FlowCommand {
  func goThrough() throws {
    let (path, videos) = try flow.split()
    var common = common
    common.dryRun = onlyPlans
    common.pipelineFile = path ?? common.pipelineFile
    let file = try common.begin()
    guard file != nil || !videos.isEmpty else {
      throw Failure(
        "usage.pipeline-file", "no pipeline file is named, and the usual one is not there",
        on: PipelineFile.standardPath,
        hint: "pipeline run FILE.yaml, or pipeline run VIDEOS for the usual steps", exit: .usage)
    }
    let own = Array(CommandLine.arguments.dropFirst(2))
    let complete = try file.map { try Self.parse($0.words(PrepareCommand.section, besides: own) + own) } ?? self
    try PipelineReport(file: file, common: common, videos: videos, options: complete.flow.prepare)
      .run(until: flow.until)
  }
}

struct RunCommand: FlowCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "The whole flow of a pipeline file: prepare, distill, export, and stages of your own.",
    discussion: """
      The file is checked as a whole before anything runs. Takes the options of prepare, which win over the file; plan takes \
      the same words and runs nothing.
      """
        + "\n\n"
        + examples(
          "pipeline run Pipelines/wav2clip.yaml", "pipeline run my.yaml --until prepare",
          "pipeline run videos/ --clip clip-vit-base-patch32/"))

  @OptionGroup var flow: FlowOptions
  @OptionGroup(title: "GENERAL") var common: CommonOptions
  var onlyPlans: Bool { common.dryRun }

  func run() throws {
    try RankSession.refuseSeveral("pipeline run")
    try goThrough()
  }
}

struct PlanCommand: FlowCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "What `run` would do with the same words, and why.",
    discussion: examples("pipeline plan my.yaml", "pipeline plan my.yaml --until prepare --explain"))

  @OptionGroup var flow: FlowOptions
  @OptionGroup(title: "GENERAL") var common: CommonOptions
  var onlyPlans: Bool { true }

  func run() throws { try goThrough() }
}
