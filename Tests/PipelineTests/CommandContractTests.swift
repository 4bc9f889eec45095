import Corpus
import Foundation
import Testing

@testable import pipeline

/// What every command in the list holds to.
@Suite("Every command")
struct CommandContractTests {
  /// A command as the program describes itself to machines.
  private struct Described: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var names: [Name]?
      var shouldDisplay: Bool
    }
    var commandName: String
    var abstract: String?
    var subcommands: [Described]?
    var arguments: [Argument]?

    /// This one and those below it, with the words that call them.
    func all(_ words: [String] = []) -> [(words: [String], command: Described)] {
      [(words, self)] + (subcommands ?? []).flatMap { $0.all(words + [$0.commandName]) }
    }
  }

  private func described(_ tool: Tool) throws -> [(words: [String], command: Described)] {
    struct Dump: Decodable { var command: Described }
    let dump = try tool.run("--experimental-dump-help").output
    let root = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command
    return root.all().filter { !$0.words.contains("help") }
  }

  @Test("has a name of its own and says in a sentence what it is for")
  func naming() throws {
    let names = builtInCommands.map { $0._commandName }
    #expect(Set(names).count == names.count)
    let tool = try Tool()
    defer { tool.remove() }
    let all = try described(tool)
    #expect(Set(names).isSubset(of: all.compactMap { $0.words.first }))
    for (words, command) in all {
      #expect(command.abstract?.hasSuffix(".") == true || command.abstract?.hasSuffix("?") == true, "\(words)")
    }
  }

  @Test("answers --help with exit status 0 and each of its flags")
  func help() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (words, command) in try described(tool) {
      let said = try tool.run(all: words + ["--help"])
      #expect(said.status == 0 && said.problems.isEmpty, "\(words): \(said.problems)")
      for argument in command.arguments ?? [] where argument.shouldDisplay {
        for name in argument.names ?? [] {
          let flag = (name.kind == "long" ? "--" : "-") + name.name
          #expect(said.output.contains(flag), "\(words): \(flag)")
        }
      }
    }
  }

  @Test("refuses a flag that it does not have, with exit status 64")
  func unknown() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (words, _) in try described(tool) {
      #expect(try tool.run(all: words + ["--no-such-flag"]).status == 64, "\(words)")
    }
  }

  @Test("prepare's help lists every reason with its meaning")
  func reasons() {
    let help = PrepareCommand.helpMessage(columns: 500)
    for reason in builtInReasons { #expect(help.contains("\(reason.code): \(reason.meaning)"), "\(reason.code)") }
  }
}
