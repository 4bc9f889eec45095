import Basics
import Testing

@testable import Evaluation

@Suite("Evaluation records")
struct EvaluationRecordTests {
  private func record(_ kind: String, _ score: Double) -> EvaluationRecord {
    EvaluationRecord(
      kind: kind, title: "a | <b>", data: .init(clips: 2, classes: ["x"], digest: Digest(of: "d")), of: nil,
      split: "test", scored: 2, method: ["one"],
      tables: [
        ScoreTable(
          title: "t", columns: ["accuracy"],
          rows: [
            ScoreRow("probe", scores: ["accuracy": Spread([score, score + 0.2])]),
            ScoreRow("other", .published, scores: ["mAP": Spread([0.5])], source: "a paper"),
          ])
      ])
  }

  @Test("a later evaluation with the same key replaces the earlier one; records are in key order")
  func put() {
    var file = EvaluationFile()
    file.put(record("retrieve", 0.1))
    file.put(record("classify", 0.2))
    file.put(record("retrieve", 0.3))
    #expect(file.evaluations.map(\.kind) == ["classify", "retrieve"])
    #expect(file.evaluations[1].tables[0].rows[0].scores["accuracy"]?.values == [0.3, 0.5])
  }

  @Test("tables show mean and deviation, a dash for missing values, and mark published scores")
  func cells() {
    let rows = EvaluationText.cells(record("classify", 0.5).tables[0])
    #expect(rows == [["t", "accuracy"], ["probe", "0.600 ± 0.141"], ["other (published, not computed)", "-"]])
  }

  @Test("small shares keep their first digits, and zero has no sign")
  func numbers() {
    #expect(EvaluationText.number(0.000005) == "5.0e-06" && EvaluationText.number(0.0049) == "0.005")
    #expect(EvaluationText.number(-0.0001) == "0.000" && EvaluationText.number(-0.5) == "-0.500")
    #expect(EvaluationText.number(200_000, decimals: 0) == "200000")
  }

  @Test("Markdown shows names as they are, whatever characters they hold")
  func markdown() {
    let text = EvaluationText.markdown(EvaluationFile([record("classify", 0.5)]))
    #expect(text.contains("## classify: a \\| &lt;b&gt;"))
    #expect(text.contains("| t | accuracy |\n|---|---:|\n| probe | 0.600 ± 0.141 |"))
  }

  @Test("published scores are found by data set, and an unknown name gives the list of names")
  func published() throws {
    #expect(try PublishedScore.rows(of: "vggsound").allSatisfy { $0.origin == .published && $0.source != nil })
    #expect(throws: Failure.self) { try PublishedScore.rows(of: "vgsound") }
  }

  @Test("comma-separated text has one line per score, with what was scored, mean, deviation and count")
  func table() throws {
    let file = EvaluationFile([record("classify", 0.5)])
    let lines = try CommaSeparated.records(EvaluationTable.bytes(file), source: "t").map(\.fields)
    let heading = lines[0]
    #expect(heading.count == 14 && lines.count == 2, "\(lines)")
    let probe = Dictionary(uniqueKeysWithValues: zip(heading, lines[1]))
    #expect(probe["kind"] == "classify" && probe["data"] == "a | <b>" && probe["clips"] == "2" && probe["run"] == "")
    #expect(probe["row"] == "probe" && probe["score"] == "accuracy" && probe["values"] == "2")
    #expect(try #require(probe["mean"].flatMap(Double.init)) == Spread([0.5, 0.7]).mean)
    #expect(probe["deviation"].flatMap(Double.init) == Spread([0.5, 0.7]).deviation)
  }

  @Test("a score that guessing may reach and a score of few clips get a warning; others get none")
  func cautions() {
    func cautions(_ score: String, _ value: Double, chance: Double?, clips: Int, trials: Int? = nil) -> [String] {
      EvaluationHeadline(
        row: "audio", score: score, value: value, chance: chance, clips: clips, trials: trials ?? clips
      ).cautions
    }
    // Two standard errors of a chance of one tenth with 100 clips are 0.06.
    #expect(cautions("R@5", 0.16, chance: 0.1, clips: 100).count == 1)
    #expect(cautions("R@5", 0.16, chance: 0.1, clips: 100)[0].contains("guessing may reach 0.160"))
    #expect(cautions("R@5", 0.17, chance: 0.1, clips: 100).isEmpty)
    #expect(cautions("R@5", 0.17, chance: 0.1, clips: 100, trials: 50).count == 1)
    #expect(cautions("R@5", 0.17, chance: nil, clips: 100).isEmpty)
    #expect(cautions("CIDEr-D", 0.05, chance: 0.1, clips: 100).isEmpty)
    #expect(cautions("accuracy", 0, chance: 0.5, clips: 1).count == 2)
    #expect(cautions("accuracy", 0, chance: nil, clips: 0).count == 1)
  }
}
