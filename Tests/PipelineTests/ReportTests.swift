import Basics
import Foundation
import Glibc
import TestSupport
import Testing
import Training

@testable import Runs

@Suite("Commands in a report")
struct CommandLogTests {
  @Test("the last command of each kind is shown, and commands that name another run are skipped")
  func last() throws {
    let scratch = try Scratch()
    for words in [
      ["prepare", "a b"], ["export", "w.bin", "--run", "mine"], ["export", "w.bin", "--run", "other"],
      ["evaluate", "retrieve", "--run=other"], ["evaluate", "classify", "--data", "d"],
    ] { CommandLog.append(words, workspace: scratch.path) }
    let mine = CommandLog.last(scratch.path, of: run("mine"), shardsAreTheRuns: true)
    #expect(
      mine == [
        "prepare": ["pipeline prepare 'a b'"], "export": ["pipeline export w.bin --run mine"],
        "evaluate classify": ["pipeline evaluate classify --data d"],
      ])
    let all = CommandLog.last(scratch.path, of: nil, shardsAreTheRuns: false)
    #expect(all["export"] == ["pipeline export w.bin --run other"])
    // The log does not say which data the prepare made, and the shards have changed since.
    #expect(CommandLog.last(scratch.path, of: run("mine"), shardsAreTheRuns: false)["prepare"] == nil)
  }

  private func run(_ name: String) -> RunDescription {
    RunDescription(
      name: name, identity: Digest(of: name), configuration: TrainingConfiguration(), data: Digest(of: "data"),
      toolchain: [:], clips: ["train": 4], teacher: nil, teacherWidth: 512)
  }

  @Test("a prepare is shown if it made the run's data, whatever was prepared later; an export if it is of the run")
  func byData() throws {
    let scratch = try Scratch()
    CommandLog.append(["prepare", "a"], data: Digest(of: "data"), workspace: scratch.path)
    CommandLog.append(["export", "a.bin"], run: "mine", workspace: scratch.path)
    CommandLog.append(["prepare", "b"], data: Digest(of: "more"), workspace: scratch.path)
    CommandLog.append(["export", "b.bin"], run: "other", workspace: scratch.path)
    for same in [true, false] {
      #expect(
        CommandLog.last(scratch.path, of: run("mine"), shardsAreTheRuns: same)
          == ["prepare": ["pipeline prepare a"], "export": ["pipeline export a.bin"]])
    }
  }
}

@Suite(
  "pipeline report and compare", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct ReportCommandTests {
  private static let hostile = "<script>window.x=1</script>"

  /// Four prepared clips with a label that contains a script, and two short runs.
  private func workspace() throws -> Tool {
    let tool = try Tool()
    try Clips.set(tool, count: 4)
    try Clips.make(tool.path("videos/\(Clips.name(9)).mp4"), pitch: 500, audio: false)
    var rows = ""
    for index in [0, 1, 2, 3, 9] {
      let split = index == 3 ? "test" : "train"
      rows += "clip\(index)abcdef,\(index),\"\(Self.hostile)\",\(split)\n"
    }
    try Files.write(rows, to: tool.path("labels.csv"))
    let prepared = try tool.run(
      "prepare", "videos", "--manifest", "labels.csv", "--frames", "1", "--max-bad-fraction", "1")
    #expect(prepared.status == 0, "\(prepared.problems)")
    for rate in ["1e-3", "1e-4"] {
      let trained = try tool.run("distill", "--batch-size", "2", "--steps", "2", "--learning-rate", rate)
      #expect(trained.status == 0, "\(trained.problems)")
      #expect(try tool.run("evaluate", "retrieve", "--quiet").status == 0)
    }
    return tool
  }

  @Test("one page shows clips, stages, curves, held-out clips and scores, and runs no script from a label")
  func page() throws {
    let tool = try workspace()
    defer { tool.remove() }
    let outcome = try tool.run("report", "--out", "pages/report.html")
    #expect(outcome.status == 0, "\(outcome.problems)")
    let html = String(decoding: try Files.read(tool.path("pages/report.html")), as: UTF8.self)
    #expect(html.components(separatedBy: "<script").count == 2)
    for text in [
      "&lt;script&gt;window.x=1&lt;/script&gt;", "audio.missing", "extract-audio", "A frame of clip0abcdef_000000",
      "Spectrogram of", "data:audio/", "Map of the audio embeddings", "Audio, and the five nearest images",
      "audio → image",
      "pipeline distill --loss cx",
      "pipeline prepare videos --manifest labels.csv", "The last prepare in which something ran",
    ] { #expect(html.contains(text), "\(text)") }
    #expect(try tool.run("report", "--dry-run", "--out", "none.html").output.contains("would write"))
    #expect(!Files.exists(tool.path("none.html")))
    let unknown = try tool.run("report", "--run", "none")
    #expect(unknown.status == 1 && unknown.problems.contains("no such run"))
  }

  @Test("after the data changed, the report says how and shows the command that made the run's data")
  func changed() throws {
    let tool = try workspace()
    defer { tool.remove() }
    #expect(try tool.run("report").status == 0)
    let before = String(decoding: try Files.read(tool.path("report.html")), as: UTF8.self)
    #expect(!before.contains("have changed") && before.contains("pipeline prepare videos --manifest labels.csv"))
    #expect(before.contains("test split, 1 clip scored"))
    try Clips.add(tool, 4)
    let rows = String(decoding: try Files.read(tool.path("labels.csv")), as: UTF8.self)
    try Files.write(rows + "clip4abcdef,4,more,train\n", to: tool.path("more.csv"))
    let words = ["prepare", "videos", "--frames", "1", "--max-bad-fraction", "1", "--manifest"]
    let prepared = try tool.run(all: words + ["more.csv"])
    #expect(prepared.status == 0, "\(prepared.problems)")
    #expect(try tool.run("report").status == 0)
    let after = String(decoding: try Files.read(tool.path("report.html")), as: UTF8.self)
    #expect(after.contains("The data in shards have changed since run"))
    #expect(after.contains("1 train clip more (3 then, 4 now)"))
    #expect(after.contains("pipeline prepare videos --manifest labels.csv") && !after.contains("more.csv"))
    // Prepared as before, the data are the run's again.
    #expect(try tool.run(all: words + ["labels.csv", "--replace"]).status == 0)
    #expect(try tool.run("report").status == 0)
    #expect(!String(decoding: try Files.read(tool.path("report.html")), as: UTF8.self).contains("have changed"))
  }

  @Test("compare shows the parameters that differ and both runs' scores, on the terminal and as a page")
  func compare() throws {
    let tool = try workspace()
    defer { tool.remove() }
    let runs = try Files.names(in: tool.path("runs"))
    let outcome = try tool.run("compare", runs[0], runs[1], "--out", "compare.html")
    #expect(outcome.status == 0, "\(outcome.problems)")
    for text in ["learningRate", "0.001", "0.0001", "audio → image", "MRR"] { #expect(outcome.output.contains(text)) }
    #expect(!outcome.output.contains("batchSize"))
    let html = String(decoding: try Files.read(tool.path("compare.html")), as: UTF8.self)
    #expect(html.contains("learningRate") && html.contains("\(runs[0]), training"))
    let planned = try tool.run("compare", runs[0], runs[1], "--out", "none.html", "--dry-run")
    #expect(planned.output.contains("would write none.html") && !Files.exists(tool.path("none.html")))
    #expect(try tool.run("compare", runs[0], runs[0]).output.contains("the same"))
    #expect(try tool.run("compare", runs[0], "nothing").status == 1)
  }

  @Test("--watch serves the page on this machine only, its state changes with the runs, and SIGINT ends it")
  func watch() throws {
    let tool = try workspace()
    defer { tool.remove() }
    let (process, output, _) = try tool.start(["report", "--watch", "--port", "0"])
    var seen = ""
    while process.isRunning, !seen.contains("/ (") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      seen += String(decoding: data, as: UTF8.self)
    }
    let digits = seen.components(separatedBy: "127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
    let port = try #require(UInt16(digits), "\(seen)")
    let page = try ask(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
    #expect(
      page.hasPrefix("HTTP/1.1 200") && page.contains("data-state=") && page.contains("Map of the audio embeddings"))
    let state = try ask(port, "GET /state HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
    #expect(try ask(port, "GET /state HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n") == state)
    let runs = try Files.names(in: tool.path("runs"))
    try Files.write("{}", to: tool.path("runs/\(runs[0])/news.json"))
    #expect(try ask(port, "GET /state HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n") != state)
    #expect(try ask(port, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").hasPrefix("HTTP/1.1 400"))
    #expect(try ask(port, "GET /../labels.csv HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n").hasPrefix("HTTP/1.1 404"))
    // A request that is too long is cut off, and the next request is answered.
    _ = try? ask(port, String(repeating: "x", count: 20_000))
    #expect(try ask(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n").hasPrefix("HTTP/1.1 200"))
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
  }

  /// Sends bytes to a port of this machine and reads to the end.
  private func ask(_ port: UInt16, _ text: String) throws -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failure.system("connect", "127.0.0.1:\(port)") }
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    var (answer, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { answer += buffer[..<count] }
    return String(decoding: answer, as: UTF8.self)
  }
}
