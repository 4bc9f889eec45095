import ArgumentParser
import Basics
import Flow
import Foundation

/// What every command takes.
struct CommonOptions: ParsableArguments {
  @Option(help: "Where the catalog and the store are.")
  var workspace = ".pipeline"

  @Option(
    name: .customLong("pipeline"),
    help: "Settings in YAML; flags win over it. Default: Pipelines/wav2clip.yaml, where it is.")
  var pipelineFile: String?

  @Flag(help: "Say what would be done, and do nothing.")
  var dryRun = false

  @Flag(help: "Say why each action runs.")
  var explain = false

  @Flag(help: "One JSON object a line on stdout.")
  var json = false

  @Flag(help: "No progress.")
  var quiet = false

  /// Applies the style and reads the pipeline file.
  func begin() throws -> PipelineFile? {
    Console.use(.init(json: json, quiet: quiet))
    let path = pipelineFile ?? PipelineFile.standardPath
    guard pipelineFile != nil || Files.exists(path) else { return nil }
    return try PipelineFile(path, sections: pipelineSections)
  }
}

/// Parses or fails as a usage error that names the flag.
func parsed<T>(_ flag: String, _ text: String?, _ parse: (String) throws -> T?) throws -> T? {
  guard let text else { return nil }
  guard let value = try parse(text) else {
    throw Failure(
      "usage.value", "the value cannot be read", on: flag, found: text, hint: "pipeline --help", exit: .usage)
  }
  return value
}

func positive(_ flag: String, _ value: Int?) throws -> Int? {
  guard let value else { return nil }
  guard value > 0 else {
    throw Failure("usage.value", "a number over 0 is wanted", on: flag, found: "\(value)", exit: .usage)
  }
  return value
}
