import Basics
import Evaluate
import Evaluation
import Networks
import Report
import Runs
import TestSupport
import Testing
import Training

@Suite("Scores name what was scored")
struct ScoresByWeightsTests {
  private func record(_ title: String, step: Int?, score: Double, weights: String) -> EvaluationRecord {
    var record = EvaluationRecord(
      kind: "retrieve", title: title, data: .init(clips: 3, classes: [], digest: Digest(of: "d")), of: nil,
      split: "test", scored: 3, method: [],
      tables: [ScoreTable(title: "t", columns: ["MRR"], rows: [ScoreRow("row", scores: ["MRR": Spread([score])])])])
    (record.run, record.step, record.weights) = ("r", step, Digest(of: weights))
    return record
  }

  @Test("scores of different weights are kept side by side, by step; the same weights replace their scores")
  func beside() {
    var file = EvaluationFile()
    for (step, score, weights) in [(40, 0.4, "b"), (20, 0.2, "a"), (40, 0.5, "b")] {
      file.put(record("x", step: step, score: score, weights: weights))
    }
    file.put(record("w", step: nil, score: 0.1, weights: "c"))
    #expect(file.evaluations.map(\.step) == [nil, 20, 40])
    #expect(file.evaluations.map { $0.tables[0].rows[0].scores["MRR"]?.mean } == [0.1, 0.2, 0.5])
    #expect(file.latest.map(\.step) == [nil, 40])
  }

  @Test("one line says run, step, weights, split and clips")
  func subject() {
    let weights = Digest(of: "a").short
    var scored = record("x", step: 20, score: 1, weights: "a")
    #expect(EvaluationText.subject(scored) == "run r, step 20, weights \(weights), test split, 3 clips scored")
    (scored.run, scored.step, scored.split, scored.scored) = (nil, nil, "5 folds in turn", 1)
    #expect(EvaluationText.subject(scored) == "weights \(weights), 5 folds in turn, 1 clip scored")
    (scored.weights, scored.split, scored.scored) = (nil, nil, nil)
    #expect(EvaluationText.subject(scored) == "no weights, all of the data, 3 clips scored")
  }

  @Test("records of an older version are read and kept beside new ones")
  func older() throws {
    let scratch = try Scratch()
    let text = """
      {"evaluations":[{"confusion":[],"data":{"classes":[],"clips":3,"digest":"\(Digest(of: "d").hex)","leftOut":[]},\
      "kind":"retrieve","method":[],"run":"r","tables":[],"title":"x","warnings":[],\
      "weights":"\(Digest(of: "old").hex)"}],"format":1}
      """
    try Files.write(text, to: scratch["evaluation.json"])
    var file = try EvaluationFile(reading: scratch["evaluation.json"])
    file.put(record("x", step: 20, score: 1, weights: "a"))
    #expect(file.evaluations.map(\.weights) == [Digest(of: "old"), Digest(of: "a")])
  }

  @Test("two checkpoints of one run give two records, and the report shows both")
  func checkpoints() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    try TinyData.run("r", in: scratch["runs"])
    var records: [EvaluationRecord] = []
    for step in [2, 3] {
      if step == 3 { try TinyData.train("r", in: scratch["runs"], to: 3) }
      let student = try EvaluatedModel.open(run: "r", runs: scratch["runs"])
      #expect(student.step == step && student.name.hasPrefix("run r, step \(step), weights "))
      var settings = RetrievalSettings()
      settings.shards = scratch["shards"]
      var place = EvaluationPlace()
      place.runs = scratch["runs"]
      try RetrieveJob(settings, place).run { if case .scored(let record) = $0 { records.append(record) } }
    }
    #expect(records.map(\.step) == [2, 3] && records.map(\.split) == ["test", "test"])
    #expect(records.map(\.scored) == [3, 3] && Set(records.map(\.weights)).count == 2)
    let kept = try EvaluationFile(reading: scratch["runs/r/evaluation.json"]).evaluations
    #expect(kept == records)
    let text = String(decoding: try Files.read(scratch["runs/r/evaluation.md"]), as: UTF8.self)
    for record in records { #expect(text.contains(EvaluationText.subject(record))) }
    #expect(try Files.read(scratch["runs/r/evaluation.scores.csv"]) == EvaluationTable.bytes(EvaluationFile(kept)))
  }
}
