import Basics
import Testing

@testable import Report

@Suite("Report page")
struct PageTests {
  private static let hostile = "<script>window.x=1</script>"

  private func content(labels: Int = 3) -> ReportContent {
    var content = ReportContent(title: "Report \(Self.hostile)")
    content.facts = [("run", Self.hostile)]
    content.data.labels = (0..<labels).map { Bars.Bar("\(Self.hostile) \($0)", 100 - $0 % 100) }
    content.data.gallery = [
      ReportContent.GalleryClip(
        id: Self.hostile, label: Self.hostile, marks: ["video.still"], frame: [0xFF, 0xD8],
        spectrogram: PNGImage(width: 1, height: 1, pixels: [9]), sound: [1, 2, 3])
    ]
    content.graph.nodes = [.init("a", isData: true, count: "3"), .init("b", isData: false, count: "")]
    content.graph.edges = [("a", "b"), ("b", "a")]
    var training = ReportContent.TrainingPart(run: Self.hostile)
    training.plots = [
      LinePlot(
        title: "Loss", x: "step", y: "loss",
        lines: [.init("training", (0..<1000).map { .init(Double($0), 1 / Double($0 + 1)) }), .init("none", [])]),
      LinePlot(title: "Nothing", x: "step", y: "y", lines: []),
    ]
    content.training = [training]
    var held = ReportContent.HeldPart(title: "two clips")
    held.neighbours = [.init(query: Self.hostile, isSound: true, answers: [(Self.hostile, 0.5), ("gone", 0.1)])]
    held.clips = [Self.hostile: content.data.gallery[0]]
    held.map = ScatterPlot(
      title: "Map", note: "", points: (0..<30).map { .init(x: Double($0), y: .nan, group: "g\($0 % 12)", name: "n") })
    content.held = held
    var evaluation = ReportContent.EvaluationPart(title: Self.hostile, facts: "")
    evaluation.tables = [
      DataTable(title: "t", heading: ["row", "R@1"], rows: [.init([Self.hostile, "0.5"], style: "chance")])
    ]
    evaluation.confusions = [ConfusionPlot(title: "c", labels: [Self.hostile, "b"], counts: [[3, 1], [0, 4]])]
    content.evaluations = [evaluation]
    content.commands = ["pipeline distill '\(Self.hostile)'"]
    return content
  }

  @Test("whatever names hold is shown as text: the page has its own script and no other")
  func hostileNames() {
    let html = ReportPage.html(content())
    #expect(html.components(separatedBy: "<script").count == 2)
    #expect(html.contains("&lt;script&gt;window.x=1&lt;/script&gt;"))
    let digest = Base64.text(Digest(of: "\(Style.script)").bytes)
    #expect(html.contains("script-src &#39;sha256-\(digest)&#39;"))
    #expect(html.contains("<script>\(Style.script)</script>"))
  }

  @Test("nothing is fetched: every address lies within the page")
  func selfContained() {
    let html = ReportPage.html(content())
    for attribute in ["src=\"", "href=\""] {
      for piece in html.components(separatedBy: attribute).dropFirst() {
        #expect(piece.hasPrefix("data:") || piece.hasPrefix("#"), "\(piece.prefix(40))")
      }
    }
    #expect(!html.contains("connect-src"))
    #expect(ReportPage.html(content(), state: "s").contains("connect-src &#39;self&#39;"))
  }

  @Test("fifty thousand labels are twenty rows and a sum")
  func aggregates() {
    let html = ReportPage.html(content(labels: 50_000))
    #expect(html.contains("49980 others") && html.utf8.count < 200_000)
  }

  @Test("a graph with a loop, points that are no numbers and lines without points still make a page")
  func degenerate() {
    let html = ReportPage.html(content())
    #expect(html.contains("Map: nothing to show yet") && html.contains("Nothing: nothing to show yet"))
    #expect(html.contains("Loss") && !html.contains("nan") && !html.contains("inf "))
  }

  @Test("long lines are thinned by means and keep their course")
  func thinning() {
    let plot = LinePlot(
      title: "t", x: "x", y: "y", lines: [.init("l", (0..<10_000).map { .init(Double($0), Double($0)) })])
    let path = plot.markup.html.components(separatedBy: "d=\"M").dropFirst().first ?? ""
    #expect(path.prefix { $0 != "\"" }.components(separatedBy: "L").count == 400)
  }

  @Test("a picture is a PNG that says what it is")
  func picture() throws {
    let image = PNGImage(width: 3, height: 2, values: [0, 1, 2, 3, 4, .nan])
    #expect(image.pixels == [0, 64, 128, 191, 255, 0])
    let bytes = image.bytes
    #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(Array(bytes[16..<24]) == [0, 0, 0, 3, 0, 0, 0, 2])
    // Python's zlib and struct judged this file once; its digest holds it fast.
    let large = PNGImage(width: 300, height: 300, pixels: (0..<90_000).map { UInt8($0 % 251) })
    #expect(large.bytes.count > 90_300 && large.bytes.suffix(8).prefix(4) == [0x49, 0x45, 0x4E, 0x44])
  }
}

@Suite("Page server")
struct PageServerTests {
  private func path(_ lines: String...) -> String? { PageServer.path(lines, port: 80) }

  @Test("answers GET for this machine alone")
  func requests() {
    #expect(path("GET / HTTP/1.1", "Host: 127.0.0.1:80") == "/")
    #expect(path("GET /state?x=1 HTTP/1.0", "host:  localhost:80") == "/state")
    #expect(path("POST / HTTP/1.1", "Host: 127.0.0.1:80") == nil)
    #expect(path("GET / HTTP/1.1", "Host: evil.example") == nil)
    #expect(path("GET / HTTP/1.1") == nil)
    #expect(path("GET / HTTP/1.1", "Host: 127.0.0.1:80", "Host: evil.example") == nil)
    #expect(path("GET /", "Host: 127.0.0.1:80") == nil)
    #expect(PageServer.path([], port: 80) == nil)
  }

  @Test("a port that is taken is refused with a way out; 0 takes a free one")
  func ports() throws {
    let server = try PageServer(port: 0)
    #expect(server.port > 0)
    do {
      _ = try PageServer(port: server.port)
      Issue.record("the port was given twice")
    } catch let failure as Failure {
      #expect(failure.code == "report.port" && failure.hint?.contains("--port") == true)
    }
  }
}
