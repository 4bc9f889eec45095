import Basics
import Foundation
import TestSupport
import Testing

@testable import pipeline

@Suite("Hints that name a command")
struct CommandHintTests {
  @Test("are added where the command is known, to failures that have no hint of their own")
  func table() {
    let failure = Failure("shards.none", "no training shards here", on: "some/place")
    #expect(failure.hinted.hint == "make them: pipeline prepare VIDEOS --shards some/place")
    #expect(Failure("shards.none", "x", hint: "another").hinted.hint == "another")
    #expect(Failure("unheard.of", "x").hinted.hint == nil)
    for (code, hint) in CommandHints.table { #expect(!hint(Failure(code, "x", on: "s")).isEmpty) }
  }

  @Test("modules below the commands name no command; every code in the table comes from such a module")
  func sources() throws {
    let directory = "\(Files.parent(Files.parent(Files.parent(#filePath))))/Sources"
    var sentences = ""
    for file in try #require(FileManager.default.enumerator(atPath: directory)).compactMap({ $0 as? String })
    where file.hasSuffix(".swift") && !file.hasPrefix("Jobs/") && !file.hasPrefix("pipeline/") {
      let code = String(decoding: try Files.read("\(directory)/\(file)"), as: UTF8.self).split(separator: "\n")
      sentences += code.filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
    }
    for command in builtInCommands {
      #expect(!sentences.contains("pipeline \(command._commandName)"), "\(command._commandName)")
    }
    for code in CommandHints.table.keys { #expect(sentences.contains("\"\(code)\""), "\(code)") }
  }

  @Test("are printed unchanged")
  func printed() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let status = try tool.run("status")
    #expect(status.status == 1)
    #expect(status.problems.contains("hint: pipeline prepare VIDEOS makes one; --workspace DIR names another"))
    let distill = try tool.run("distill", "--shards", "nothing")
    #expect(distill.problems.contains("hint: make them: pipeline prepare VIDEOS --shards nothing"))
    let machine = try tool.run("status", "--json")
    #expect(machine.output.contains("\"hint\":\"pipeline prepare VIDEOS makes one"))
  }
}
