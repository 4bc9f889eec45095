// Options that commands share. A command shows those that it uses; the others are accepted but hidden, so that a script
// can pass the same words to all commands.

import ArgumentParser
import Basics
import Flow
import Foundation

/// How a command prints.
struct StyleOptions: ParsableArguments {
  @Flag(help: "One JSON object a line on stdout.")
  var json = false

  @Flag(help: "No progress.")
  var quiet = false

  func apply() { Console.use(.init(json: json, quiet: quiet)) }
}

struct WorkspaceOption: ParsableArguments {
  @Option(help: .value("directory", "Where the catalog and the store are.")) var workspace = ".pipeline"
}

struct PipelineFileOption: ParsableArguments {
  @Option(
    name: .customLong("pipeline"),
    help: .value(
      "file", "Settings in YAML; flags win over it. (default: \(PipelineFile.standardPath), where it is)"))
  var file: String?
}

struct DryRunOption: ParsableArguments {
  @Flag(help: "Say what would be done, and do nothing.") var dryRun = false
}

struct ExplainOption: ParsableArguments {
  @Flag(help: "Say why each action runs.") var explain = false
}

/// Options of commands that read a pipeline file and use a workspace.
struct CommonOptions: ParsableArguments {
  @OptionGroup var place: WorkspaceOption
  @OptionGroup var settings: PipelineFileOption
  @OptionGroup var dry: DryRunOption
  @OptionGroup var reasons: ExplainOption
  @OptionGroup var style: StyleOptions

  var workspace: String { place.workspace }
  var pipelineFile: String? {
    get { settings.file }
    set { settings.file = newValue }
  }
  var dryRun: Bool {
    get { dry.dryRun }
    set { dry.dryRun = newValue }
  }
  var explain: Bool { reasons.explain }

  /// Applies the style and reads the pipeline file.
  func begin() throws -> PipelineFile? {
    style.apply()
    let path = pipelineFile ?? PipelineFile.standardPath
    guard pipelineFile != nil || Files.exists(path) else { return nil }
    if pipelineFile == nil { Console.note("settings: \(path)") }
    return try PipelineFile(path, sections: pipelineSections)
  }
}

/// Options of commands that use a workspace but read no pipeline file.
struct WorkspaceOptions: ParsableArguments {
  @OptionGroup var place: WorkspaceOption
  @OptionGroup var dry: DryRunOption
  @OptionGroup var style: StyleOptions
  @OptionGroup(visibility: .hidden) var settings: PipelineFileOption
  @OptionGroup(visibility: .hidden) var reasons: ExplainOption

  var workspace: String { place.workspace }
  var dryRun: Bool { dry.dryRun }

  func begin() { style.apply() }
}

/// Options of commands that need no workspace.
struct PlainOptions: ParsableArguments {
  @OptionGroup var dry: DryRunOption
  @OptionGroup var style: StyleOptions
  @OptionGroup(visibility: .hidden) var place: WorkspaceOption
  @OptionGroup(visibility: .hidden) var settings: PipelineFileOption
  @OptionGroup(visibility: .hidden) var reasons: ExplainOption

  var dryRun: Bool { dry.dryRun }
  var explain: Bool { reasons.explain }

  func begin() { style.apply() }
}

/// Options of `embed`, which can explain why it left something out.
struct EmbedGeneralOptions: ParsableArguments {
  @OptionGroup var dry: DryRunOption
  @Flag(help: "Say which audio has what warning.") var explain = false
  @OptionGroup var style: StyleOptions
  @OptionGroup(visibility: .hidden) var place: WorkspaceOption
  @OptionGroup(visibility: .hidden) var settings: PipelineFileOption

  var dryRun: Bool { dry.dryRun }

  func begin() { style.apply() }
}

/// Options of commands that only read.
struct LookOptions: ParsableArguments {
  @OptionGroup var style: StyleOptions
  @OptionGroup(visibility: .hidden) var settings: PipelineFileOption
  @OptionGroup(visibility: .hidden) var dry: DryRunOption
  @OptionGroup(visibility: .hidden) var reasons: ExplainOption

  func begin() { style.apply() }
}

extension ArgumentHelp {
  /// Help for an option whose value has a descriptive name.
  static func value(_ name: String, _ text: String) -> ArgumentHelp { ArgumentHelp(text, valueName: name) }
}

/// Commands to paste, for the end of a command's help. Lines of up to 78 characters are not broken.
func examples(_ lines: String...) -> String { "EXAMPLES\n" + lines.map { "  \($0)" }.joined(separator: "\n") }

/// Parses a value; on failure throws a usage error that names the flag.
func parsed<T>(_ flag: String, _ text: String?, expected: String? = nil, _ parse: (String) throws -> T?) throws -> T? {
  guard let text else { return nil }
  guard let value = try parse(text) else {
    throw Failure("usage.value", "the value cannot be read", on: flag, found: text, expected: expected, exit: .usage)
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
