import ArgumentParser
import Basics
import Corpus
import Foundation
import Testing
import Training

@testable import pipeline

/// The contract of every command in the list.
@Suite("Every command")
struct CommandContractTests {
  /// A command, as in the program's machine-readable description.
  private struct Described: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var names: [Name]?
      var shouldDisplay: Bool
      var kind: String
      var valueName: String?
    }
    var commandName: String
    var abstract: String?
    var subcommands: [Described]?
    var arguments: [Argument]?

    /// This command and all its subcommands, with the words that call them.
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

  @Test("has a unique name and says in a sentence what it is for")
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

  @Test("names the value of each option by what it is, instead of repeating the option's name")
  func placeholders() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (words, command) in try described(tool) {
      for argument in command.arguments ?? [] where argument.kind == "option" && argument.shouldDisplay {
        let name = argument.names?.first?.name ?? ""
        #expect(argument.valueName != nil && (argument.valueName != name || name == "name"), "\(words) --\(name)")
      }
    }
  }

  @Test("groups its options where it has more than a dozen")
  func groups() throws {
    for command in builtInCommands where !command.configuration.subcommands.isEmpty || command is any FlowCommand.Type {
      for command in [command] + command.configuration.subcommands {
        let help = command.helpMessage(columns: 100)
        let options = help.split(separator: "\n").count { $0.hasPrefix("  -") }
        #expect(options < 13 || help.contains("GENERAL:"), "\(command)")
      }
    }
  }

  @Test("pipeline reasons and pipeline losses list every entry with its meaning")
  func lists() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let reasons = try tool.run("reasons")
    for reason in builtInReasons {
      #expect(
        reasons.output.contains(reason.code.rawValue) && reasons.output.contains(reason.meaning), "\(reason.code)")
    }
    #expect(try !tool.run("reasons", "clip.short").output.contains("audio.silent"))
    #expect(try tool.run("reasons", "clip.shrt").problems.contains("did you mean clip.short?"))
    let losses = try tool.run("losses").output
    for loss in builtInLosses { #expect(losses.contains(loss.name) && losses.contains(loss.purpose)) }
  }

  @Test("a mistyped command, subcommand or argument of help is a usage error that suggests the nearest name")
  func mistyped() throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (words, hint) in [
      (["prepair", "videos/"], "did you mean: pipeline prepare"),
      (["evaluate", "retreive"], "did you mean: pipeline evaluate retrieve"),
      (["runs", "renam", "a", "b"], "did you mean: pipeline runs rename"),
      (["help", "statuss"], "did you mean: pipeline status"), (["zzzzzzzz"], "pipeline --help"),
    ] {
      let said = try tool.run(all: words)
      #expect(said.status == 64 && said.problems.contains(hint), "\(words): \(said)")
    }
    #expect(try tool.run("help", "status").status == 0)
    #expect(try tool.run("help", "evaluate", "retrieve").output.contains("pipeline evaluate retrieve"))
  }

  @Test("a file whose name begins with a dash is never parsed as flags")
  func dashes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.write("x", to: tool.path("-imD3yh.mp4"))
    for words in [
      ["embed", "-imD3yh.mp4", "--out", "o.npy"], ["prepare", "-imD3yh.mp4"], ["inspect", "-imD3yh.mp4"],
    ] {
      let said = try tool.run(all: words)
      #expect(said.status == 64 && said.problems.contains("./-imD3yh.mp4") && said.output.isEmpty, "\(words): \(said)")
    }
    // Passed as the hint says, it is a file without media.
    let named = try tool.run("prepare", "--", "-imD3yh.mp4")
    #expect(named.status != 64 && !named.output.contains("OVERVIEW"), "\(named)")
    // A negative number is a value.
    let value = try tool.run("distill", "--gain", "-30")
    #expect(!value.problems.contains("begins with a dash"), "\(value)")
  }

  @Test("plan and run take the same words")
  func planAndRun() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let all = try described(tool)
    func flags(_ name: String) -> [String] {
      let command = all.first { $0.words == [name] }?.command
      return (command?.arguments ?? []).flatMap { argument in
        (argument.names ?? []).map(\.name) + [argument.kind == "positional" ? argument.valueName ?? "" : ""]
      }
    }
    #expect(flags("plan") == flags("run") && flags("run").contains("until"))
  }
}
