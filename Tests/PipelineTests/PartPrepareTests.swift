import Basics
import Foundation
import TestSupport
import Testing

@Suite("pipeline prepare in parts", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PartPrepareTests {
  /// Six clips: one is broken, one is there twice, and two different ones share an id.
  private func clips(_ tool: Tool) throws {
    try Clips.set(tool, count: 4)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.embeddings(tool.path("embeddings/text0000000_000001.npy"), seed: 5)
    try Files.makeDirectory(tool.path("videos/more"))
    for (from, to) in [(0, 0), (1, 2)] {
      let bytes = try Files.read(tool.path("videos/\(Clips.name(from)).mp4"))
      try Files.write(bytes, to: tool.path("videos/more/\(Clips.name(to)).mp4"))
    }
    try settle(tool)
  }

  /// Makes the files look as if they were written some time ago: digests of files just written are not cached.
  private func settle(_ tool: Tool) throws {
    let before = Date(timeIntervalSinceNow: -60)
    for directory in ["videos", "videos/more"] where Files.isDirectory(tool.path(directory)) {
      for name in try Files.names(in: tool.path(directory)) {
        try FileManager.default.setAttributes(
          [.modificationDate: before], ofItemAtPath: tool.path("\(directory)/\(name)"))
      }
    }
  }

  private func cache(_ tool: Tool) -> String { "file://\(tool.path("cache"))" }

  private func prepare(
    _ tool: Tool, _ name: String, _ more: [String], environment: [String: String] = [:]
  ) throws -> Tool.Outcome {
    try tool.run(
      all: ["prepare", "videos", "--workspace", "w-\(name)", "--shards", "s-\(name)", "--max-bad-fraction", "1"] + more,
      environment: environment)
  }

  private func part(_ tool: Tool, _ part: String, _ more: String..., environment: [String: String] = [:]) throws
    -> Tool.Outcome
  {
    try prepare(
      tool, "parts", ["--remote-cache", cache(tool), "--part", part] + more, environment: environment)
  }

  private func status(_ tool: Tool, _ more: String...) throws -> Tool.Outcome {
    try tool.run(
      all: ["status", "--remote", "videos", "--workspace", "w-status", "--remote-cache", cache(tool)] + more)
  }

  @Test("three parts and a last prepare write the shards of one machine, and the last prepare reads no video")
  func threeParts() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    #expect(try prepare(tool, "alone", []).status == 0)
    let expected = try tool.digests("s-alone")
    for index in 0..<3 {
      let outcome = try part(tool, "\(index)/3")
      #expect(outcome.status == 0, "\(outcome.problems)")
      #expect(outcome.output.hasPrefix("part \(index) of 3, counted from 0 (--part)\n"), "\(outcome.output)")
      #expect(!Files.exists(tool.path("s-parts")))
      // Only the lock of a part is left.
      #expect(try Files.names(in: tool.path("w-parts/parts")).allSatisfy { $0.hasSuffix(".lock") })
    }
    let there = try status(tool)
    #expect(there.output.contains(": 4 clips are there, 0 are missing"), "\(there.output) \(there.problems)")

    // Replaces the videos' bytes but keeps sizes and times: a prepare that read them would find other digests.
    let files = try ["videos", "videos/more"].flatMap { directory in
      try Files.names(in: tool.path(directory)).filter { $0.hasSuffix(".mp4") }.map { tool.path("\(directory)/\($0)") }
    }
    for file in files {
      let attributes = try FileManager.default.attributesOfItem(atPath: file)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
      try handle.write(contentsOf: Data(repeating: 0, count: (attributes[.size] as? Int) ?? 0))
      try handle.close()
      let date = try #require(attributes[.modificationDate] as? Date)
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
    }
    let last = try prepare(tool, "last", ["--remote-cache", cache(tool)])
    #expect(last.status == 0 && last.output.contains("; 0 clips decoded,"), "\(last.output) \(last.problems)")
    #expect(try tool.digests("s-last") == expected)
  }

  @Test("status reports a missing part; the last prepare does its work, and the part itself can be run again")
  func lostPart() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    _ = try prepare(tool, "alone", [])
    let nothing = try status(tool)
    #expect(nothing.output.contains(": 0 clips are there, 7 are missing, of 7 nobody has read"), "\(nothing.output)")
    // A clip whose bytes are in no other file.
    let lost = WorkPart.index(of: "\(Clips.name(3)).mp4", count: 4)
    for index in 0..<4 where index != lost { #expect(try part(tool, "\(index)/4").status == 0) }
    let some = try status(tool, "--parts", "4")
    #expect(some.output.contains("part \(lost)/4:"), "\(some.output)")
    #expect(some.output.components(separatedBy: "\n").count { $0.contains("/4:") } == 1, "\(some.output)")
    let last = try prepare(tool, "last", ["--remote-cache", cache(tool)])
    #expect(!last.output.contains("; 0 clips decoded"), "\(last.output)")
    #expect(try tool.digests("s-last") == tool.digests("s-alone"))
    // Run again, it decodes nothing that the last prepare put into the cache.
    let again = try part(tool, "\(lost)/4")
    #expect(again.status == 0 && again.output.contains(" 0 decoded"), "\(again.output)")
  }

  @Test("all clips of a long file are in one part, whether a list or --cut defines them")
  func longFile() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    for (k, name) in ["long0000000", "other000000"].enumerated() {
      try Clips.make(tool.path("videos/\(name).mp4"), pitch: 300 + 90 * k, seconds: 31)
    }
    try settle(tool)
    let cut = ["--cut", "every", "--frames", "none"]
    let alone = try prepare(tool, "alone", cut)
    #expect(alone.output.contains("6 of 6 clips are kept"), "\(alone.output)")
    var decoded: [Int] = []
    for index in 0..<2 {
      let outcome = try prepare(tool, "parts", cut + ["--remote-cache", cache(tool), "--part", "\(index)/2", "--json"])
      let event = outcome.output.split(separator: "\n").first { $0.contains("part-prepared") } ?? ""
      let fields = try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any]
      decoded.append(fields?["decoded"] as? Int ?? -1)
    }
    #expect(decoded.allSatisfy { $0 % 3 == 0 } && decoded.reduce(0, +) == 6, "\(decoded)")
    let there = try tool.run(
      all: ["status", "--remote", "videos", "--workspace", "w-s", "--remote-cache", cache(tool)] + cut)
    #expect(there.output.contains("6 clips are there, 0 are missing"), "\(there.output)")
    let last = try prepare(tool, "last", cut + ["--remote-cache", cache(tool)])
    #expect(last.output.contains("0 clips decoded, 6 from the remote cache"), "\(last.output)")
  }

  @Test("messages and refusals of a part")
  func words() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    let bare = try prepare(tool, "a", ["--part", "0/2"])
    #expect(bare.status == 64 && bare.problems.contains("--remote-cache URL"), "\(bare.problems)")
    for more in [["--limit", "1"], ["--retry", "clip.short"]] {
      let outcome = try prepare(tool, "a", ["--part", "0/2", "--remote-cache", cache(tool)] + more)
      #expect(outcome.status == 64 && outcome.problems.contains(more[0]), "\(outcome.problems)")
    }
    for wrong in ["2/2", "x", "auto/0", "1"] { #expect(try part(tool, wrong).status == 64) }
    let none = try part(tool, "auto")
    #expect(none.status == 64 && none.problems.contains("SLURM_ARRAY_TASK_ID"), "\(none.problems)")
    let slurm = [
      "SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_MAX": "16",
      "SLURM_ARRAY_TASK_COUNT": "7",
    ]
    let chosen = try part(tool, "auto", environment: slurm)
    #expect(chosen.output.hasPrefix("part 2 of 7, counted from 0 (SLURM_ARRAY_TASK_ID)\n"), "\(chosen.output)")
    // Without the flag the environment is not used, and one line says so.
    let whole = try prepare(tool, "whole", [], environment: slurm)
    #expect(
      whole.output.contains("1 pair ") && whole.problems.contains("SLURM_ARRAY_TASK_ID is 12"), "\(whole.problems)")
    #expect(whole.problems.components(separatedBy: "looks like one of several tasks").count == 2)
    let server = try prepare(tool, "b", ["--remote-cache", "http://127.0.0.1:9/", "--cache-size", "1G"])
    #expect(server.status == 64 && server.problems.contains("--cache-size"))
    #expect(try prepare(tool, "b", ["--cache-size", "1G"]).status == 64)
  }

  @Test("a cache that stores nothing ends a part with an error, but gives a whole prepare only a warning")
  func unkept() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    let absent = "file://\(tool.path("absent/cache"))"
    let outcome = try prepare(tool, "p", ["--part", "0/1", "--remote-cache", absent])
    #expect(outcome.status == 1 && outcome.problems.contains("did not take what this part made"), "\(outcome.problems)")
    let whole = try prepare(tool, "w", ["--remote-cache", absent])
    #expect(whole.status == 0 && whole.output.contains("2 pairs"), "\(whole.output) \(whole.problems)")
    #expect(whole.problems.components(separatedBy: "warning: the remote cache cannot be reached").count == 2)
  }

  @Test("parts that are killed and run again, side by side, leave the shards of one machine")
  func killed() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try clips(tool)
    _ = try prepare(tool, "alone", [])
    var random = SeededRandom(seed: Mutations.seed("killed parts"))
    for _ in 0..<4 {
      let words = ["prepare", "videos", "--remote-cache", cache(tool), "--part"]
      let running = try (0..<2).map { try tool.start(words + ["\($0)/2", "--workspace", "w-\($0)"]).0 }
      usleep(UInt32(random.next() % 900_000))
      for process in running { kill(process.processIdentifier, SIGKILL) }
      for process in running { process.waitUntilExit() }
    }
    for index in 0..<2 { #expect(try part(tool, "\(index)/2").status == 0) }
    let last = try prepare(tool, "last", ["--remote-cache", cache(tool)])
    #expect(
      last.output.contains("; 0 clips decoded,") && !last.problems.contains("warning: the remote"), "\(last.problems)")
    #expect(try tool.digests("s-last") == tool.digests("s-alone"))
  }
}
