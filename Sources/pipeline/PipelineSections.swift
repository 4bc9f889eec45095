import ArgumentParser
import Basics
import Flow
import Foundation

/// The sections of a pipeline file: whatever options a command declares are its keys.
let pipelineSections: [PipelineFile.Section] = [
  section("prepare", PrepareOptions.self, arguments: [.init("videos", .list, isArgument: true)]) { try $0.check() },
  section("distill", DistillOptions.self) { try $0.check() },
  section("export", ExportOptions.self, arguments: [.init("file", .value, isArgument: true)]) { _ in },
]

/// - Parameters:
///   - arguments: keys for what has no flag.
///   - check: throws for values that are of the right kind and mean nothing, such as names that no list has.
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

/// A command whose options a pipeline file can hold as well. Flags win over the file, the file over built-in defaults.
protocol PipelineFileCommand: ParsableCommand {
  /// The section of its options.
  static var section: String { get }
  var common: CommonOptions { get }
  /// Does the command's work; the options are complete.
  func run(_ file: PipelineFile?) throws
}

extension PipelineFileCommand {
  static var section: String { configuration.commandName ?? _commandName }

  func run() throws {
    let file = try common.begin()
    guard let file else { return try run(nil) }
    // The file's words stand first: the last one wins. Of options that may be repeated, the flags take the file's
    // place.
    let own = Array(CommandLine.arguments.dropFirst(2))
    let complete = try Self.parse(file.words(Self.section, besides: own) + own)
    try complete.run(file)
  }
}

/// The options that a type declares, by their long names; all but `--help`.
private func declaredKeys(of options: any ParsableArguments.Type) -> [PipelineFile.Key] {
  let dump = try? JSONDecoder().decode(DeclaredOptions.self, from: Data(options._dumpHelp().utf8))
  return (dump?.command.arguments ?? []).compactMap { argument in
    guard let name = argument.names?.first(where: { $0.kind == "long" })?.name, name != "help" else { return nil }
    return .init(name, argument.kind == "flag" ? .flag : argument.isRepeating ? .list : .value)
  }
}

/// What is needed of `--experimental-dump-help`.
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
