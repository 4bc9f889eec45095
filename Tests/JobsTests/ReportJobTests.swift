import Basics
import Corpus
import Report
import Runs
import StageGraph
import TestSupport
import Testing

@Suite("The report and the comparison without the command line")
struct ReportJobTests {
  /// A workspace in which `prepare` has left one clip.
  private struct OneClip: PreparedData {
    var catalog: Catalog? { nil }
    func verdicts() -> [ClipVerdict] {
      [ClipVerdict(id: "test0", file: "test0.mp4", state: .warned, findings: [Finding(.videoStill, "all the same")])]
    }
    func shards() -> String { "elsewhere" }
    func work() -> StageTimes? { nil }
    func diagram(shards: String) -> StageDiagram {
      var diagram = StageDiagram()
      diagram.nodes = [.init("videos", isData: true), .init("extract-audio", count: "1 done")]
      diagram.edges = [("videos", "extract-audio")]
      return diagram
    }
    func audio(of id: String) -> [UInt8]? { nil }
    func frame(of id: String) -> [UInt8]? { nil }
  }

  @Test("one page shows the results of prepare, the shards and the runs, wherever they are kept")
  func report() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    try TinyData.run("r", in: scratch["runs"])
    var settings = ReportSettings()
    (settings.workspace, settings.shards, settings.runs) = (scratch["w"], scratch["shards"], scratch["runs"])
    settings.threads = 1
    let job = ReportJob(settings) { OneClip() }
    try job.plan()
    var told: [String] = []
    try job.run(to: scratch["pages/report.html"]) { event in
      switch event {
      case .note(let text): told.append(text)
      case .written(let path, let bytes): told.append("\(path) \(bytes > 10_000)")
      case .serving, .working: break
      }
    }
    #expect(told == ["\(scratch["pages/report.html"]) true"])
    let page = String(decoding: try Files.read(scratch["pages/report.html"]), as: UTF8.self)
    for text in ["video.still", "extract-audio", "Run r", "3 test clips", "pipeline distill --loss cx"] {
      #expect(page.contains(text), "\(text)")
    }
  }

  @Test("without anything to show it says so")
  func nothing() throws {
    let scratch = try Scratch()
    var settings = ReportSettings()
    (settings.workspace, settings.shards, settings.runs) = (scratch["w"], scratch["s"], scratch["runs"])
    #expect(TinyData.code { try ReportJob(settings) { OneClip() }.plan() } == "report.nothing")
  }

  @Test("the comparison of two runs lists their differences and has a page")
  func compare() throws {
    let scratch = try Scratch()
    for (name, rate) in [("a", 1e-3), ("b", 1e-4)] {
      try TinyData.run(name, in: scratch["runs"], learningRate: rate)
    }
    var comparisons: [RunComparison] = []
    try CompareJob("a", "b", runs: scratch["runs"]).run(to: scratch["p.html"]) { event in
      if case .compared(let comparison) = event { comparisons.append(comparison) }
    }
    #expect(comparisons.map { $0.differences.map(\.name) } == [["learningRate"]])
    #expect(String(decoding: try Files.read(scratch["p.html"]), as: UTF8.self).contains("a against b"))
    #expect(TinyData.code { try CompareJob("a", "c", runs: scratch["runs"]).run(to: nil) { _ in } } == "run.unknown")
  }
}
