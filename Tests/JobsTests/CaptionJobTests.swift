import Basics
import Corpus
import Evaluate
import Evaluation
import Foundation
import Report
import StageGraph
import TestSupport
import Testing

@Suite("Evaluation of captions without the command line") struct CaptionJobTests {
  /// Gives one caption to every clip that is not silent, and another to silent clips.
  private struct Listener: Captioner {
    let name = "listener"
    func captions(of audioClips: [[Float]]) throws -> [String] {
      audioClips.map { $0.contains { $0 != 0 } ? "a tone sounds" : "silence" }
    }
  }

  private struct NoWorkspace: PreparedData {
    var catalog: Catalog? { nil }
    func verdicts() -> [ClipVerdict] { [] }
    func shards() -> String { "elsewhere" }
    func work() -> StageTimes? { nil }
    func diagram(shards: String) -> StageDiagram { StageDiagram() }
    func audio(of id: String) -> [UInt8]? { nil }
    func frame(of id: String) -> [UInt8]? { nil }
  }

  private func run(_ job: CaptionJob) throws -> (record: EvaluationRecord, files: [String]) {
    var (records, files) = ([EvaluationRecord](), [String]())
    try job.run { event in
      switch event {
      case .scored(let record): records.append(record)
      case .kept(let paths): files = paths
      case .working, .note: break
      }
    }
    return (try #require(records.first), files)
  }

  private func score(_ record: EvaluationRecord, _ row: String, _ column: String) -> Double? {
    record.tables.lazy.flatMap(\.rows).first { $0.name == row && $0.scores[column] != nil }?.scores[column]?.mean
  }

  private static let table = """
    id,split,caption_1,caption_2,caption_3
    a,train,a dog barks loudly,a dog is barking,barking of a dog
    b,train,rain falls on a roof,a dog barks loudly,heavy rain
    c,test,a dog barks near a road,a dog barks loudly,dogs bark
    d,test,rain is falling,rain falls hard on a roof,<b>rain</b> & wind

    """

  @Test("captions in a table: every row that needs no audio, its scores, and what is not computed") func table() throws
  {
    let scratch = try Scratch()
    try Files.write(Self.table, to: scratch["captions.csv"])
    try Files.write(
      #"{"id":"d","caption":"rain is falling","score":-1}"# + "\n" + #"{"id":"c","caption":""}"# + "\n",
      to: scratch["mine.jsonl"])
    var settings = CaptionSettings()
    settings.captions = scratch["captions.csv"]
    settings.candidates = [("mine", scratch["mine.jsonl"])]
    settings.save = scratch["lines.jsonl"]
    var place = EvaluationPlace()
    place.out = scratch["scores.json"]
    let job = CaptionJob(settings, place)
    #expect(try job.plan() == (2, 0))
    let (record, files) = try run(job)
    #expect(files == [scratch["scores.json"], scratch["scores.scores.csv"], scratch["scores.md"]])
    #expect(try EvaluationFile(reading: scratch["scores.json"]).evaluations == [record])
    #expect(
      record.tables[0].rows.map(\.name) == [
        "mine", "mine, shuffled audio", "most frequent caption", "random training caption", "human",
      ])
    #expect(record.tables[0].columns == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr-D"])
    // One of the two captions equals a reference, the other is empty.
    #expect(abs(try #require(score(record, "mine", "ROUGE-L")) - 0.5) < 1e-9)
    #expect(score(record, "mine, shuffled audio", "ROUGE-L") == 0)
    #expect(score(record, "most frequent caption", "distinct") == 1)
    #expect(score(record, "most frequent caption", "copied") == 1 && score(record, "mine", "copied") == 0)
    #expect(score(record, "human", "ROUGE-L").map { (0.05...0.95).contains($0) } == true)
    let left = record.notComputed?.joined(separator: "\n") ?? ""
    for name in ["METEOR", "SPICE", "FENSE", "CLIP similarity", "nearest"] { #expect(left.contains(name)) }
    #expect(record.examples?.map(\.clip) == ["c", "d"] && record.examples?[1].sentences[0].text == "rain is falling")
    let markdown = String(decoding: try Files.read(scratch["scores.md"]), as: UTF8.self)
    #expect(markdown.contains("&lt;b&gt;rain") && !markdown.contains("<b>"))
    // One line per sentence: one row has one trial, another has three trials, …
    let lines = String(decoding: try Files.read(scratch["lines.jsonl"]), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2 * (1 + 3 + 1 + 3 + 3))
    // A second run gives the same.
    #expect(try run(job).record == record)
  }

  @Test(
    "clips of shards: a captioner, the nearest clip by three kinds of embeddings, and another system's embeddings"
  )
  func shards() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"], test: 4, silent: 1, captions: true)
    try RandomStudent.write(to: scratch["w.bin"])
    var settings = CaptionSettings()
    (settings.shards, settings.seeds) = (scratch["shards"], 2)
    (settings.threads, settings.jobs) = (2, 1)
    var place = EvaluationPlace()
    (place.weights, place.out) = (scratch["w.bin"], scratch["scores.json"])
    let (record, _) = try run(CaptionJob(settings, place, captioner: { _ in Listener() }))
    #expect(record.data.clips == 4 && record.split == "test" && record.weights != nil)
    #expect(record.headline?.score == "CIDEr-D" && record.headline?.row == "listener")
    #expect(
      record.tables[0].rows.map(\.name) == [
        "listener", "listener, shuffled audio", "nearest by audio", "nearest by untrained", "nearest by log-mel",
        "most frequent caption", "random training caption", "human",
      ])
    #expect(record.tables[0].rows[3].scores["CIDEr-D"]?.values.count == 2)
    // The captioner detects the silent clip; captions that are shuffled among clips score lower.
    let (heard, shuffled) = (
      try #require(score(record, "listener", "ROUGE-L")),
      try #require(score(record, "listener, shuffled audio", "ROUGE-L"))
    )
    #expect(heard == 1 && shuffled < 0.6)
    #expect(record.warnings.contains { $0.hasPrefix("audio.silent: 1 of 4") })
    // The report of a run with these scores shows the sentences beside audio players.
    try TinyData.run("r", in: scratch["runs"])
    try Files.write(try Files.read(scratch["scores.json"]), to: scratch["runs/r/evaluation.json"])
    var report = ReportSettings()
    (report.workspace, report.shards, report.runs) = (scratch["w"], scratch["shards"], scratch["runs"])
    report.threads = 1
    try ReportJob(report) { NoWorkspace() }.run(to: scratch["report.html"]) { _ in }
    let page = String(decoding: try Files.read(scratch["report.html"]), as: UTF8.self)
    #expect(page.contains("nearest by log-mel") && page.contains("Audio of test0") && page.contains("&lt;b&gt;tone"))
    #expect(!page.contains("<b>tone"))
  }

  @Test("candidates that lack a clip or repeat one, and data without captions, are refused with their codes")
  func refused() throws {
    let scratch = try Scratch()
    try Files.write(Self.table, to: scratch["captions.csv"])
    var settings = CaptionSettings()
    settings.captions = scratch["captions.csv"]
    func code(_ text: String) throws -> String? {
      try Files.write(text, to: scratch["mine.csv"])
      settings.candidates = [("mine", scratch["mine.csv"])]
      return TinyData.code { _ = try run(CaptionJob(settings, EvaluationPlace())) }
    }
    #expect(try code("id,caption\nc,x\n") == "candidates.missing")
    #expect(try code("id,caption\nc,x\nd,y\nd,z\n") == "candidates.several")
    settings.candidates = []
    settings.split = .validation
    #expect(TinyData.code { _ = try run(CaptionJob(settings, EvaluationPlace())) } == "captions.split")
    settings.split = nil
    settings.meteor = scratch["none.jar"]
    #expect(TinyData.code { _ = try run(CaptionJob(settings, EvaluationPlace())) } == "meteor.jar")
    try TinyData.shards(scratch["shards"])
    var plain = CaptionSettings()
    (plain.shards, plain.rows) = (scratch["shards"], [])
    #expect(TinyData.code { _ = try run(CaptionJob(plain, EvaluationPlace())) } == "text.captions")
  }
}
