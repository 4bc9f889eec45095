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
  @OptionGroup(title: "PARTS") var parts: PartOptions
  @OptionGroup var common: CommonOptions

  func run(_ file: PipelineFile?) throws {
    var settings = try options.settings(
      videos: videos.isEmpty ? file?.list(Self.section, "videos") ?? [] : videos, workspace: common.workspace)
    if parts.part != nil { try settings.checkForPart() }
    settings.part = try parts.chosen()
    try PrepareFlow(settings: settings, common: common).run()
  }
}
