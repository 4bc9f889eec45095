import ArgumentParser
import Corpus
import Flow

struct PrepareCommand: PipelineFileCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare", abstract: "Turn folders of video and their teacher vectors into training shards.",
    discussion: "Reasons to leave a clip out (! is left out, ? is kept with a warning, unless flags say otherwise):\n"
      + builtInReasons.map { "\($0.effect == .leavesOut ? "!" : "?") \($0.code): \($0.meaning)" }.joined(
        separator: "\n"))

  @Argument(help: "Folders or files with clips.")
  var videos: [String] = []

  @OptionGroup var options: PrepareOptions
  @OptionGroup var common: CommonOptions

  func run(_ file: PipelineFile?) throws {
    let settings = try options.settings(
      videos: videos.isEmpty ? file?.list(Self.section, "videos") ?? [] : videos, workspace: common.workspace)
    try PrepareFlow(settings: settings, common: common).run()
  }
}
