import Basics
import Corpus
import Foundation
import Glibc
import Media
import Testing

@testable import pipeline

/// The real worker, told to try what a hijacked decoder would try.
@Suite(
  "decoders that try to get out",
  .enabled(if: Confinement.offered.missing.isEmpty, "this kernel can lock processes in"))
struct SandboxTests {
  /// Starts a worker that accepts faults. The variable is not set in this process, whose environment other tests share.
  private let worker = ["/usr/bin/env", "PIPELINE_TEST_FAULTS=1", Tool.program, DecodeWorkerCommand.word]

  /// Outcomes by the name of the attempt; the attempts are in `CSystem/escapes.c`.
  private func outcomes(
    _ attempts: [String], _ sandbox: SandboxMode = .required, fault: String = "attempt"
  ) throws -> [String: Finding] {
    let tool = try Tool()
    defer { tool.remove() }
    let launch = WorkerLaunch(worker, sandbox: sandbox)
    let workers = DecodeWorkers(count: 1, command: launch)
    defer { workers.stop() }
    var found: [String: Finding] = [:]
    for attempt in attempts {
      let path = tool.path("fault-\(fault)+\(attempt)+.mp4")
      try Files.write("a clip", to: path)
      found[attempt] = try workers.decode(DecodeRequest(MediaSource(path), work: .audio)).reply.findings.first
    }
    return found
  }

  @Test("every escape attempt ends the worker at once and gives one finding")
  func escapes() throws {
    let attempts = [
      "open", "environment", "create", "connect", "connect-own", "execute", "fork", "trace", "trace-me", "kill-group",
      "kill-other", "map-executable", "make-executable", "ring", "raise-limit", "stat",
    ]
    let found = try outcomes(attempts)
    for attempt in attempts {
      #expect(found[attempt]?.code == .mediaEscaped, "\(attempt): \(found[attempt]?.evidence ?? "")")
    }
  }

  @Test("the same attempts succeed in a worker without the sandbox")
  func attemptsAreReal() throws {
    let attempts = ["open", "environment", "map-executable", "make-executable", "stat"]
    let found = try outcomes(attempts, .off)
    for attempt in attempts { #expect(found[attempt]?.evidence == "\(attempt): done") }
  }

  @Test("a crash stays a crash: abort, a damaged heap or stack, a null pointer, a trap of Swift")
  func crashes() throws {
    let signals = [
      "abort": "SIGABRT", "free-twice": "SIGABRT", "overrun": "SIGABRT", "null": "SIGSEGV",
    ]
    let found = try outcomes(signals.keys.sorted())
    for (attempt, signal) in signals {
      #expect(found[attempt] == Finding(.decoderCrashed, "the decoder ended with signal \(signal), twice"))
    }
    #expect(try outcomes(["trap"], fault: "trap")["trap"]?.code == .decoderCrashed)
  }

  @Test("libraries keep working: time, sorting, printing; a thread is refused without ending the worker")
  func ordinary() throws {
    let wanted = ["time": "done", "sort": "done", "print": "done", "thread": "refused"]
    let found = try outcomes(wanted.keys.sorted())
    for (attempt, outcome) in wanted { #expect(found[attempt]?.evidence == "\(attempt): \(outcome)") }
  }

  @Test("a file that made a worker try an escape is not given to another worker in this run")
  func onlyOnce() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let path = tool.path("fault-attempt+open+.mp4")
    try Files.write("a clip", to: path)
    let workers = DecodeWorkers(
      count: 1, command: WorkerLaunch(worker, sandbox: .required))
    defer { workers.stop() }
    let escape = try workers.decode(DecodeRequest(MediaSource(path), work: .audio))
    #expect(escape.reply.findings.map(\.code) == [.mediaEscaped])
    // The file now has other bytes, but no worker opens it again.
    try Files.remove(path)
    try Files.write("another", to: path)
    #expect(try workers.decode(DecodeRequest(MediaSource(path), work: .length)) == escape)
  }

  @Test(
    "prepare reports an escape first, keeps the other clips, and tries the file again the next time",
    .enabled(if: Clips.ffmpegIsThere))
  func prepare() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    for name in ["fault-attempt+open+_000001", "broken1_000001", "broken2_000002"] {
      try Files.write("no clip", to: tool.path("videos/\(name).mp4"))
    }
    let words = ["prepare", "videos", "--sandbox", "required", "--max-bad-fraction", "1", "--quiet"]
    for _ in 0..<2 {
      let run = try tool.run(all: words, environment: ["PIPELINE_TEST_FAULTS": "1"])
      #expect(run.status == 0, "\(run.problems)")
      let rows = run.output.split(separator: "\n").filter { $0.contains("media.") }
      #expect(rows.first?.contains("media.escaped") == true, "\(run.output)")
      #expect(rows.count { $0.contains("media.escaped") } == 1)
      #expect(rows.contains { $0.contains("media.unreadable") && $0.contains("2") })
    }
  }

  @Test("shards have the same bytes with and without the sandbox", .enabled(if: Clips.ffmpegIsThere))
  func sameBytes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    for sandbox in ["required", "off"] {
      let run = try tool.run(
        "prepare", "videos", "--sandbox", sandbox, "--shards", sandbox, "--workspace", "w-\(sandbox)", "--quiet")
      #expect(run.status == 0, "\(run.problems)")
    }
    #expect(try tool.digests("required") == tool.digests("off"))
    #expect(try tool.digests("off").count >= 1)
  }
}
