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
        spectrogram: PNGImage(width: 1, height: 1, pixels: [9]), audio: [1, 2, 3])
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
    held.neighbors = [.init(query: Self.hostile, isAudio: true, answers: [(Self.hostile, 0.5), ("gone", 0.1)])]
    held.clips = [Self.hostile: content.data.gallery[0]]
    held.map = ScatterPlot(
      title: "Map", note: "", points: (0..<30).map { .init(x: Double($0), y: .nan, group: "g\($0 % 12)", name: "n") })
    content.held = held
    var evaluation = ReportContent.EvaluationPart(title: Self.hostile, facts: "")
    evaluation.tables = [
      DataTable(title: "t", heading: ["row", "R@1"], rows: [.init([Self.hostile, "0.5"], style: "chance")])
    ]
    evaluation.confusions = [ConfusionPlot(title: "c", labels: [Self.hostile, "b"], counts: [[3, 1], [0, 4]])]
    evaluation.notComputed = ["METEOR: \(Self.hostile)"]
    evaluation.captions = [
      .init(content.data.gallery[0], sentences: [(Self.hostile, Self.hostile)], references: ["a <b>dog</b>"])
    ]
    content.evaluations = [evaluation]
    content.commands = ["pipeline distill '\(Self.hostile)'"]
    return content
  }

  @Test("names are always shown as text: the page has its own script and no other")
  func hostileNames() {
    let html = ReportPage.html(content())
    #expect(html.components(separatedBy: "<script").count == 2)
    #expect(html.contains("&lt;script&gt;window.x=1&lt;/script&gt;"))
    let digest = Base64.text(Digest(of: "\(Script.text)").bytes)
    #expect(html.contains("script-src &#39;sha256-\(digest)&#39;"))
    #expect(html.contains("<script>\(Script.text)</script>"))
  }

  @Test("sentences are shown as text beside the player of their audio")
  func captions() {
    let page = EvaluationSection.body(content().evaluations).map(\.html).joined()
    #expect(page.contains("<audio") && page.contains("a &lt;b&gt;dog&lt;/b&gt;") && !page.contains("<b>"))
    #expect(page.contains("Not computed:"))
    #expect(page.contains("class=\"sentence\"") && page.contains("class=\"reference\""))
  }

  @Test("nothing is fetched: every URL is within the page")
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

  @Test("fifty thousand labels give twelve rows, some folded ones, and a sum")
  func aggregates() {
    let html = ReportPage.html(content(labels: 50_000))
    #expect(html.contains("49988 others") && html.contains("the first 180 of them") && html.utf8.count < 250_000)
  }

  @Test("a graph with a loop, NaN points and lines without points still give a page")
  func degenerate() {
    let html = ReportPage.html(content())
    #expect(html.contains("Map: nothing to show yet") && html.contains("Nothing: nothing to show yet"))
    #expect(html.contains("Loss") && !html.contains("nan") && !html.contains("inf "))
  }

  @Test("forty labels give twelve bars of one scale, and the others are folded")
  func folded() {
    let bars = Bars(title: "Labels", bars: (0..<40).map { Bars.Bar("label \($0)", 40 - $0) })
    let html = bars.markup.html
    #expect(html.contains("<summary>28 others, 406 together</summary>"))
    #expect(html.contains("width=\"100\"") && html.components(separatedBy: "width=\"100\"").count == 2)
    #expect(html.contains("label 39"))
  }

  @Test("ticks of an axis have different texts, and a step axis ends with the last step")
  func ticks() {
    for (low, high) in [
      (0.0009, 0.00155), (0, 1), (1, 120), (-3e-7, 2e-7), (12_345_678, 12_345_999), (4.1, 4.1), (0, 0), (1e-9, 1e9),
      (0.99999, 1.00001),
    ] as [(Double, Double)] {
      for isTight in [false, true] {
        let axis = Axis([low, high], isTight: isTight)
        let labels = axis.ticks.map(axis.label)
        #expect(labels.count > 1 && Set(labels).count == labels.count, "\(low)…\(high): \(labels)")
        #expect(axis.ticks.allSatisfy { axis.place($0) > -1e-6 && axis.place($0) < 1 + 1e-6 }, "\(low)…\(high)")
      }
    }
    #expect(Axis([1, 120], isTight: true).range == 1...120)
    #expect(Axis([0.0009, 0.00155]).ticks.map(Axis([0.0009, 0.00155]).label).contains("0.0012"))
  }

  @Test("a plot has its values for pointer and keyboard: each point once, with escaped names")
  func values() {
    let plot = LinePlot(
      title: "Loss", x: "step", y: "loss", lines: [.init("a\"b", [.init(1, 2.5), .init(2, 0.000_123_4)])])
    let html = plot.markup.html
    #expect(html.contains("data-v=\"1,2.5 2,0.0001234\"") && html.contains("data-name=\"a&quot;b\""))
    #expect(html.contains("role=\"slider\"") && html.contains("aria-valuetext") && html.contains("data-high=\"2.0\""))
  }

  @Test("a frame that is shown twice is stored in the page once")
  func sharedFrames() {
    var content = content()
    content.data.gallery = []
    var held = ReportContent.HeldPart(title: "two clips")
    let frame: [UInt8] = [0xFF, 0xD8, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    held.clips = ["a": .init(id: "a", frame: frame, audio: [1]), "b": .init(id: "b", audio: [2])]
    held.neighbors = [
      .init(query: "b", isAudio: true, answers: [("a", 0.5)]), .init(query: "a", isAudio: false, answers: [("b", 0.5)]),
    ]
    content.held = held
    let html = ReportPage.html(content)
    #expect(html.components(separatedBy: Base64.text(frame)).count == 2)
    #expect(html.contains("data-same=\"frame-a\"") && html.contains("id=\"frame-a\""))
  }

  @Test("the page's header has run, scores and chance, and a note if there are few clips")
  func headline() {
    var content = content()
    var headline = ReportContent.HeadlinePart(lead: "trained last 2026-11-28 · \(Self.hostile)")
    headline.scores = [.init(name: "retrieve", measure: "R@5", value: "0.475", chance: "chance 0.125; 40 clips")]
    headline.warnings = ["only 40 clips were scored"]
    content.headline = headline
    let head = ReportPage.html(content).components(separatedBy: "<nav").first ?? ""
    for text in ["0.475", "chance 0.125; 40 clips", "only 40 clips were scored", "trained last 2026-11-28"] {
      #expect(head.contains(text), "\(text)")
    }
  }

  @Test("each command has a button that copies it")
  func copies() {
    var content = content()
    content.commands = ["pipeline prepare videos", "pipeline distill"]
    let html = ReportPage.html(content)
    for place in 0..<2 {
      #expect(html.contains("data-copy=\"command-\(place)\"") && html.contains("id=\"command-\(place)\""))
    }
  }

  @Test("long lines are thinned by averaging and keep their shape")
  func thinning() {
    let plot = LinePlot(
      title: "t", x: "x", y: "y", lines: [.init("l", (0..<10_000).map { .init(Double($0), Double($0)) })])
    let path = plot.markup.html.components(separatedBy: "d=\"M").dropFirst().first ?? ""
    #expect(path.prefix { $0 != "\"" }.components(separatedBy: "L").count == 400)
  }

  @Test("an image is a PNG file with signature and size")
  func image() throws {
    let image = PNGImage(width: 3, height: 2, values: [0, 1, 2, 3, 4, .nan])
    #expect(image.pixels == [0, 64, 128, 191, 255, 0])
    let bytes = image.bytes
    #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(Array(bytes[16..<24]) == [0, 0, 0, 3, 0, 0, 0, 2])
    // This file was once read with Python's zlib and struct; the test only checks its size and end.
    let large = PNGImage(width: 300, height: 300, pixels: (0..<90_000).map { UInt8($0 % 251) })
    #expect(large.bytes.count > 90_300 && large.bytes.suffix(8).prefix(4) == [0x49, 0x45, 0x4E, 0x44])
  }
}

@Suite("Page server")
struct PageServerTests {
  private func path(_ lines: String...) -> String? { PageServer.path(lines, port: 80) }

  @Test("answers only GET requests, from this machine")
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

  @Test("a port in use is refused with a hint; 0 takes a free port")
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
