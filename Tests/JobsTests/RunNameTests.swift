import Basics
import Evaluation
import Foundation
import Runs
import TestSupport
import Testing

@Suite("Runs with names of their own")
struct RunNameTests {
  private func runs(_ names: [String: String?]) throws -> Scratch {
    let scratch = try Scratch()
    for (identity, name) in names {
      try TinyData.run(identity, in: scratch["runs"])
      if let name { try RunName.write(name, to: scratch["runs/\(identity)"]) }
    }
    return scratch
  }

  @Test("a run is found by its name and by any unique prefix of it")
  func found() throws {
    let scratch = try runs(["aaaa1": "baseline", "bbbb1": "base-mixed", "cccc1": nil])
    let list = RunList(scratch["runs"])
    for (text, identity) in [("baseline", "aaaa1"), ("basel", "aaaa1"), ("base-", "bbbb1"), ("cccc", "cccc1")] {
      #expect(try list.named(text).name == identity, "\(text)")
      #expect(try list.chosen(text).name == identity)
      #expect(try RunDirectory.named(text, in: scratch["runs"]).description.name == identity)
      #expect(try TrainedModel(runs: scratch["runs"], run: text, checkpoint: .best).run.name == identity)
    }
    #expect(try list.named("baseline").title == "baseline (aaaa1)" && list.named("cccc1").title == "cccc1")
    #expect(TinyData.code { _ = try list.named("base") } == "run.ambiguous")
    #expect(TinyData.code { _ = try list.named("ccc") } == "run.unknown")
    #expect(TinyData.code { _ = try list.named("") } == "run.unknown")
  }

  @Test("a full name wins over the prefix of another; a copied directory makes it ambiguous")
  func whole() throws {
    let scratch = try runs(["aaaa1": "base", "bbbb1": "baseline"])
    #expect(try RunList(scratch["runs"]).named("base").name == "aaaa1")
    try FileManager.default.copyItem(atPath: scratch["runs/aaaa1"], toPath: scratch["runs/copy"])
    #expect(TinyData.code { _ = try RunList(scratch["runs"]).named("base") } == "run.ambiguous")
  }

  @Test("a name that could be taken for something else, or that another run has, is refused")
  func refused() throws {
    let scratch = try runs(["aaaa1": "mine", "bbbb1": nil])
    let list = RunList(scratch["runs"])
    for name in [
      "", "-x", "_x", "a b", "a/b", "a.bin", "run:3", "last", "best", "é", String(repeating: "a", count: 65),
    ] {
      #expect(TinyData.code { try RunName.check(name, for: "bbbb1", in: list) } == "run.name", "\(name)")
    }
    for name in ["mine", "aaaa1"] {
      #expect(TinyData.code { try RunName.check(name, for: "bbbb1", in: list) } == "run.taken", "\(name)")
    }
    try RunName.check("mine", for: "aaaa1", in: list)
    try RunName.check("x-1_Y", for: "bbbb1", in: list)
  }

  @Test("a file with an invalid name gives the run no name")
  func damaged() throws {
    let scratch = try runs(["aaaa1": nil])
    for text in ["", "\n", "../x\n", "last\n", "a\u{1B}[2J\n"] {
      try Files.write(text, to: scratch["runs/aaaa1/name"])
      #expect(RunList(scratch["runs"]).runs.map(\.givenName) == [nil], "\(text.debugDescription)")
    }
  }

  @Test("a summary has the run's losses, epochs, retrieval and the newest score of each evaluation with chance")
  func summary() throws {
    let scratch = try runs(["aaaa1": "mine"])
    let lines = [
      #"{"epoch":0,"kind":"step","learningRate":1,"loss":5,"step":1}"#,
      #"{"epoch":0,"kind":"epoch","learningRate":1,"loss":5,"step":1,"validationLoss":4,"retrieval":{"audio to image R@5":0.2}}"#,
      #"{"epoch":1,"kind":"epoch","learningRate":1,"loss":3,"step":2,"validationLoss":3.5,"retrieval":{"audio to image R@5":0.1}}"#,
    ]
    try Files.write(lines.joined(separator: "\n") + "\n", to: scratch["runs/aaaa1/metrics.jsonl"])
    var record = EvaluationRecord(
      kind: "retrieve", title: "test clips", data: .init(clips: 40, classes: [], digest: Digest(of: "d")), of: nil,
      split: "test", scored: 40, method: [],
      tables: [
        ScoreTable(
          title: "t", columns: ["R@1", "R@5"],
          rows: [
            ScoreRow("chance, image → audio", .chance, scores: ["R@5": Spread([0.5])]),
            ScoreRow("audio → image", scores: ["R@1": Spread([0.1]), "R@5": Spread([0.4])]),
            ScoreRow("chance, audio → image", .chance, scores: ["R@5": Spread([0.125])]),
          ])
      ])
    record.step = 2
    try Files.write(try CanonicalJSON.bytes(EvaluationFile([record])), to: scratch["runs/aaaa1/evaluation.json"])
    let run = try RunSummary(RunList(scratch["runs"]).named("mine"))
    #expect(run.epochs == 2 && run.steps == 2 && run.loss == 3 && run.bestValidation == 3.5)
    #expect(run.validationRecallAt5 == 0.2 && run.clipsText == "4 train" && run.givenName == "mine")
    let score = try #require(run.scores.first)
    #expect(score.name == "retrieve R@5" && score.value == 0.4 && score.chance == 0.125 && score.step == 2)
  }
}

@Suite("Removing runs")
struct RunRemovalTests {
  @Test("a run is removed with its whole directory; others stay, and runs that started from it are listed")
  func removal() throws {
    let scratch = try Scratch()
    for name in ["aaaa1", "bbbb1"] { try TinyData.run(name, in: scratch["runs"]) }
    var child = try RunDescription(directory: scratch["runs/bbbb1"])
    child.parent = RunParent(name: "aaaa1", step: 2, weights: Digest(of: "w"))
    try Files.write(try CanonicalJSON.bytes(child), to: scratch["runs/bbbb1/run.json"])
    let removal = try RunRemoval(["aaaa", "aaaa1"], in: RunList(scratch["runs"]))
    let item = try #require(removal.items.first)
    #expect(removal.items.count == 1 && item.children == ["bbbb1"] && item.bytes > 1 << 20)
    #expect(item.summary.steps == 2)
    try removal.remove(item)
    #expect(RunList(scratch["runs"]).runs.map(\.name) == ["bbbb1"])
    #expect(try Files.names(in: scratch["runs"]) == ["bbbb1"])
  }

  @Test("a run that is being trained is not touched")
  func locked() throws {
    let scratch = try Scratch()
    try TinyData.run("aaaa1", in: scratch["runs"])
    let removal = try RunRemoval(["aaaa1"], in: RunList(scratch["runs"]))
    let item = try #require(removal.items.first)
    let lock = try FileLock(scratch["runs/aaaa1/lock"])
    do {
      try removal.remove(item)
      Issue.record("a run was removed while it was locked")
    } catch let failure as Failure { #expect(failure.exit == .locked) }
    withExtendedLifetime(lock) {}
    #expect(RunList(scratch["runs"]).runs.map(\.name) == ["aaaa1"])
    #expect(Files.exists(scratch["runs/aaaa1/checkpoints"]))
  }

  @Test("what an interrupted removal left is not a run")
  func halfway() throws {
    let scratch = try Scratch()
    try TinyData.run("aaaa1", in: scratch["runs"])
    try Files.rename(scratch["runs/aaaa1"], to: scratch["runs/.removed-aaaa1"])
    #expect(RunList(scratch["runs"]).runs.isEmpty)
  }
}
