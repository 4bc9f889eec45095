import ArgumentParser
import Basics
import Flow
import Foundation

/// The sections of a pipeline file. Every option that a command declares is a key.
let pipelineSections: [PipelineFile.Section] = [
  section("prepare", PrepareOptions.self, arguments: [.init("videos", .list, isArgument: true)]) { try $0.check() },
  section("distill", DistillOptions.self) { try $0.check() },
  section("export", ExportOptions.self, arguments: [.init("file", .value, isArgument: true)]) { _ in },
]

/// - Parameters:
///   - arguments: keys for arguments, which have no flag.
///   - check: throws for values of the right type that are invalid, such as unknown names.
private func section<Options: ParsableArguments & SendableMetatype>(
  _ name: String, _ options: Options.Type, arguments: [PipelineFile.Key] = [],
  check: @escaping @Sendable (Options) throws -> Void
) -> PipelineFile.Section {
  .init(name: name, keys: arguments + declaredKeys(of: options)) { words in
    do { try check(options.parse(words)) } catch let failure as Failure { return failure } catch {
      return Failure("pipeline-file.value", options.message(for: error))
    }
    return nil
  }
}

/// A command whose options can also be in a pipeline file. Flags override the file, and the file overrides the built-in
/// defaults.
protocol PipelineFileCommand: ParsableCommand {
  /// The section of the pipeline file with its options.
  static var section: String { get }
  var common: CommonOptions { get }
  /// Runs the command with the complete options.
  func run(_ file: PipelineFile?) throws
}

extension PipelineFileCommand {
  static var section: String { configuration.commandName ?? _commandName }

  func run() throws {
    let file = try common.begin()
    guard let file else { return try run(nil) }
    // The file's words come first, because the last value wins. Repeatable options on the command line replace those of
    // the file.
    let own = Array(CommandLine.arguments.dropFirst(2))
    let complete = try Self.parse(file.words(Self.section, besides: own) + own)
    try complete.run(file)
  }
}

/// The options that a type declares, by their long names, without `--help`.
private func declaredKeys(of options: any ParsableArguments.Type) -> [PipelineFile.Key] {
  let dump = try? JSONDecoder().decode(DeclaredOptions.self, from: Data(options._dumpHelp().utf8))
  return (dump?.command.arguments ?? []).compactMap { argument in
    guard let name = argument.names?.first(where: { $0.kind == "long" })?.name, name != "help" else { return nil }
    return .init(name, argument.kind == "flag" ? .flag : argument.isRepeating ? .list : .value)
  }
}

/// The part of `--experimental-dump-help` that is needed.
private struct DeclaredOptions: Decodable {
  struct Command: Decodable { var arguments: [Argument]? }
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var kind: String
    var isRepeating: Bool
    var names: [Name]?
  }
  var command: Command
}
