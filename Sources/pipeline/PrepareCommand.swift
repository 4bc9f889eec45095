import ArgumentParser
import Corpus
import Flow

struct PrepareCommand: PipelineFileCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare", abstract: "Turn directories of video and their teacher embeddings into training shards.",
    discussion: "Why a clip is left out, or kept with a warning: `pipeline reasons`.\n\n"
      + examples(
        "pipeline prepare videos/ --embeddings embeddings/",
        "pipeline prepare videos/ --clip clip-vit-base-patch32/",
        "pipeline prepare videos/ --manifest labels.csv --test 0.1 --keep audio.silent",
        "pipeline prepare videos/ --dry-run --explain"))

  @Argument(help: "Directories or files with clips.")
  var videos: [String] = []

  @OptionGroup var options: PrepareOptions
  @OptionGroup(title: "PARTS") var parts: PartOptions
  @OptionGroup(title: "GENERAL") var common: CommonOptions

  func run(_ file: PipelineFile?) throws {
    var settings = try options.settings(
      videos: videos.isEmpty ? file?.list(Self.section, "videos") ?? [] : videos, workspace: common.workspace)
    if parts.part != nil { try settings.checkForPart() }
    settings.part = try parts.chosen()
    try PrepareFlow(settings: settings, common: common, namesNext: true).run()
  }
}
