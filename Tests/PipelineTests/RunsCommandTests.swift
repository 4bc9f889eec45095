import Basics
import Foundation
import Runs
import Testing
import Training

@Suite("pipeline runs")
struct RunsCommandTests {
  /// A directory with runs as `distill` leaves them, but without the weights.
  private func tool(_ names: [String]) throws -> Tool {
    let tool = try Tool()
    for name in names {
      let directory = tool.path("runs/\(name)")
      try Files.makeDirectory(directory)
      let description = RunDescription(
        name: name, identity: Digest(of: name), configuration: TrainingConfiguration(), data: Digest(of: "data"),
        toolchain: ["isa": "portable"], clips: ["train": 8, "validation": 4], teacher: "test", teacherWidth: 512)
      try Files.write(try CanonicalJSON.bytes(description), to: "\(directory)/run.json")
      let lines = [
        #"{"epoch":0,"kind":"step","learningRate":0.001,"loss":4.5,"step":1,"time":1700000000}"#,
        #"{"epoch":0,"kind":"epoch","learningRate":0.001,"loss":4.25,"step":1,"time":1700000000,"validationLoss":3.75}"#,
      ]
      try Files.write(lines.joined(separator: "\n") + "\n", to: "\(directory)/metrics.jsonl")
    }
    return tool
  }

  @Test("a name given with rename shows in the list, names the run elsewhere, and is refused for a second run")
  func rename() throws {
    let tool = try tool(["aaaa00000001", "bbbb00000001"])
    defer { tool.remove() }
    #expect(try tool.run("runs").output.contains("aaaa00000001"))
    let named = try tool.run("runs", "rename", "aaaa", "baseline")
    #expect(named.status == 0 && named.output == "run aaaa00000001 is called baseline\n", "\(named)")
    for words in [["runs"], ["status", "--runs"]] {
      let listed = try tool.run(all: words).output
      for text in ["baseline", "trained last", "8 train, 4 validation", "4.2500", "3.7500", "2023-11-"] {
        #expect(listed.contains(text), "\(words): \(text): \(listed)")
      }
    }
    let compared = try tool.run("compare", "base", "bbbb")
    #expect(compared.status == 0 && compared.output.contains("baseline (aaaa00000001)"), "\(compared)")
    #expect(compared.output.contains("best validation loss"))
    let taken = try tool.run("runs", "rename", "bbbb", "baseline")
    #expect(taken.status == 64 && taken.problems.contains("another run has that name"), "\(taken)")
    let again = try tool.run("runs", "rename", "baseline", "first")
    #expect(again.output == "run aaaa00000001, which was called baseline, is called first\n", "\(again)")
    let json = try tool.run("runs", "--json").output
    #expect(json.contains(#""bestValidation":3.75"#) && json.contains(#""givenName":"first""#), "\(json)")
  }

  @Test("rm removes nothing without --yes if it cannot ask, and removes the named runs with it")
  func remove() throws {
    let tool = try tool(["aaaa00000001", "bbbb00000001"])
    defer { tool.remove() }
    let asked = try tool.run("runs", "rm", "aaaa")
    #expect(asked.status == 64 && asked.problems.contains("--yes"), "\(asked)")
    #expect(try tool.run("runs", "rm", "aaaa", "--dry-run").output.contains("would free"))
    #expect(try tool.run("runs", "rm", "cccc", "--yes").status == 1)
    #expect(try Files.names(in: tool.path("runs")).count == 2)
    let removed = try tool.run("runs", "rm", "aaaa", "--yes")
    #expect(removed.status == 0 && removed.output.contains("removed run aaaa00000001"), "\(removed)")
    #expect(try Files.names(in: tool.path("runs")) == ["bbbb00000001"])
  }
}
