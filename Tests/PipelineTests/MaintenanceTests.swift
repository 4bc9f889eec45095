import Basics
import Foundation
import Glibc
import Testing

@Suite(
  "pipeline verify, gc, graph, doctor, and prepare with nothing to do", .serialized,
  .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct MaintenanceTests {
  /// Flips one bit and keeps the file's size and times.
  private func flip(_ path: String, at offset: Int) throws {
    let before = try FileManager.default.attributesOfItem(atPath: path)
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    var byte: UInt8 = 0
    #expect(pread(descriptor, &byte, 1, off_t(offset)) == 1)
    byte ^= 4
    #expect(pwrite(descriptor, &byte, 1, off_t(offset)) == 1)
    try FileManager.default.setAttributes([.modificationDate: before[.modificationDate] as Any], ofItemAtPath: path)
  }

  private func age(_ tool: Tool) throws {
    for directory in ["videos", "embeddings", "shards"] {
      for name in (try? Files.names(in: tool.path(directory))) ?? [] {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: tool.path("\(directory)/\(name)"))
      }
    }
    // Changing a time is itself a recent change, so wait until it is old enough.
    Thread.sleep(forTimeInterval: 1.5)
  }

  @Test("missing shards, including frame shards, count as damage; a missing directory is refused")
  func goneShards() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    #expect(try tool.run("prepare", "videos", "--frames-out", "frames").status == 0)
    #expect(try tool.run("verify").output.contains("and 2 shards are whole"))
    try flip(tool.path("frames/frames-000000.tar"), at: 2000)
    #expect(try tool.run("verify").status == 1)
    let mended = try tool.run("prepare", "videos", "--frames-out", "frames")
    #expect(mended.output.contains("frames of 2 clips in 1 shard; 1 shard written"), "\(mended.output)")
    for damage in [["rm", tool.path("shards/train-000000.tar")], ["rm", "-r", tool.path("shards")]] {
      try Clips.shell(damage)
      let found = try tool.run("verify")
      #expect(found.status == 1 && found.output.contains("not there"), "\(found.output)")
      #expect(try tool.run("prepare", "videos").status == 0)
      #expect(try tool.run("verify").status == 0)
    }
    #expect(try tool.run("verify", "--shards", "nowhere").status == 64)
  }

  @Test("one flipped bit in a segment or a shard is found, and the next prepare repairs it")
  func flippedBits() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    try tool.run("prepare", "videos")
    let expected = try tool.digests("shards")
    try age(tool)
    try tool.run("prepare", "videos")
    let whole = try tool.run("verify")
    #expect(whole.status == 0 && whole.output.contains("shards are whole"), "\(whole.output) \(whole.problems)")
    var random = SeededRandom(seed: 7)
    for round in 0..<6 {
      // A repair leaves unused bytes behind; only bytes in use count here.
      try tool.run("gc", "--keep-runs", "0")
      let segment = tool.path(".pipeline/store/\(try Files.names(in: tool.path(".pipeline/store")).last ?? "")")
      let size = try Files.identity(segment).size
      try flip(segment, at: Int(random.next() % UInt64(size)))
      let found = try tool.run("verify")
      #expect(
        found.status == 1 && found.output.contains("segment-"), "round \(round): \(found.output) \(found.problems)")
      let repaired = try tool.run("prepare", "videos", "--explain")
      #expect(
        repaired.status == 0 && repaired.output.contains("output corrupt"), "\(repaired.output) \(repaired.problems)")
      #expect(try tool.digests("shards") == expected)
      #expect(try tool.run("verify").status == 0)
    }
    for name in try Files.names(in: tool.path("shards")) where !name.hasPrefix(".") {
      let path = tool.path("shards/\(name)")
      let size = try Files.identity(path).size
      if size == 0 { continue }
      try flip(path, at: Int(random.next() % UInt64(size)))
      let named = try tool.run("verify", "--dry-run")
      #expect(named.status == 1 && named.output.contains(name), "\(named.output)")
      #expect(try tool.run("verify").status == 1)
      let repaired = try tool.run("prepare", "videos")
      #expect(
        repaired.status == 0 && repaired.output.contains("0 clips decoded"),
        "\(name): \(repaired.output) \(repaired.problems)")
      #expect(try tool.digests("shards") == expected, "\(name)")
      #expect(try tool.run("verify").status == 0, "\(name)")
    }
  }

  @Test("gc frees the results of settings that are no longer in use, and nothing else")
  func garbage() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try tool.run("prepare", "videos", "--frames", "2")
    try tool.run("prepare", "videos", "--frames", "3")
    try tool.run("prepare", "videos")
    let expected = try tool.digests("shards")
    let told = try tool.run("gc", "--dry-run")
    #expect(told.output.contains("would free") && told.status == 0, "\(told.output) \(told.problems)")
    let freed = try tool.run("gc")
    #expect(freed.output.replacingOccurrences(of: "freed", with: "would free") == told.output)
    #expect(try tool.run("verify").status == 0)
    #expect(try tool.run("gc").output.contains("freed 0 bytes: 0 stored results"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
    #expect(try tool.run("prepare", "videos", "--frames", "3").output.contains("up to date"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
    #expect(try tool.digests("shards") == expected)
    try Files.remove(tool.path("videos/\(Clips.name(1)).mp4"))
    try tool.run("prepare", "videos", "--max-bad-fraction", "1", "--replace")
    #expect(!(try tool.run("gc").output.contains("freed 0 artifacts")))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
  }

  /// The work of a run with these flags: its number of actions, and whether any shard was rewritten.
  private func work(_ tool: Tool, _ arguments: [String] = []) throws -> (actions: Int, isRenewed: Bool) {
    let before = (try? tool.digests("shards")) ?? [:]
    let outcome = try tool.run(all: ["prepare", "videos", "--json"] + arguments)
    #expect(outcome.status == 0, "\(outcome.output) \(outcome.problems)")
    let actions = outcome.output.split(separator: "\n").count { $0.contains("\"event\":\"finished\"") }
    return (actions, try tool.digests("shards") != before)
  }

  @Test("prepare does nothing while nothing has changed, and detects every change")
  func changes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    let first = try tool.run("prepare", "videos")
    let summary = try #require(first.output.split(separator: "\n").last?.split(separator: ";").first)
    func expectNothing(line: Int = #line) throws {
      let again = try work(tool)
      #expect(again.actions == 0 && !again.isRenewed, "line \(line)")
    }
    try expectNothing()
    let again = try tool.run("prepare", "videos")
    #expect(again.output.hasSuffix("\n\(summary); up to date\n"), "\(again.output)")
    for (flags, isWork) in [
      (["--frames", "2"], true), (["--frames", "none"], true), (["--leave-out", "video.still"], false),
    ] {
      #expect(try (work(tool, flags).actions > 0) == isWork, "\(flags)")
      #expect(try work(tool).actions == 0, "back from \(flags)")
      try expectNothing()
    }
    try expectNothing()
    try Clips.add(tool, 3)
    #expect(try work(tool).actions == 3, "a new file")
    try expectNothing()
    // A change that keeps the file's time is only seen once the time changes too.
    try flip(tool.path("embeddings/\(Clips.name(0)).npy"), at: 1000)
    try age(tool)
    #expect(try work(tool).actions == 1, "other rows")
    try expectNothing()
    try Files.remove(tool.path("shards/train-000000.tar"))
    let rewritten = try tool.run("prepare", "videos")
    #expect(rewritten.output.contains("1 shard written"), "\(rewritten.output)")
    try expectNothing()
    try Files.remove(tool.path(".pipeline/store/segment-000000.seg"))
    let told = try tool.run("prepare", "videos", "--dry-run", "--json")
    #expect(told.output.contains(#""run":4,"stage":"extract-audio""#), "a lost segment: \(told.output)")
    #expect(try work(tool).actions == 12)
    try expectNothing()
    try Files.write("{\"dim\": 512, \"fps\": 1.0, \"model\": \"other\"}", to: tool.path("embeddings/embeddings.json"))
    let described = try work(tool)
    #expect(described.actions == 4 && described.isRenewed, "another description")
    try expectNothing()
    try Files.write("x", to: tool.path("videos/.hidden"))
    try expectNothing()
    #expect(try work(tool, ["--retry", "clip.short"]).actions == 0)
    try Files.remove(tool.path("videos/\(Clips.name(3)).mp4"))
    let fewer = try work(tool, ["--replace"])
    #expect(fewer.actions == 0 && fewer.isRenewed)
    try expectNothing()
  }

  @Test("--retry processes again the clips that a reason left out, and no others")
  func retry() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.embeddings(tool.path("embeddings/text0000000_000001.npy"), seed: 9)
    try tool.run("prepare", "videos", "--max-bad-fraction", "1")
    let again = try tool.run("prepare", "videos", "--max-bad-fraction", "1", "--retry", "media.unreadable", "--explain")
    #expect(again.output.contains("extract-audio text0000000_000001: forced"), "\(again.output)")
    #expect(!again.output.contains("extract-audio \(Clips.name(0))"))
    #expect(
      try tool.run("prepare", "videos", "--retry", "media.unreadible").problems.contains(
        "did you mean media.unreadable?"))
  }

  @Test("graph and doctor describe the workspace and the machine")
  func graphAndDoctor() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    let bare = try tool.run("graph")
    #expect(
      bare.output.contains("\"extract-audio\" -> \"select-vectors\"") && bare.output.contains("digraph"),
      "\(bare.output)")
    try tool.run("prepare", "videos")
    let graph = try tool.run("graph", "--mermaid")
    #expect(
      graph.output.contains("select-vectors --> write-shards") && graph.output.contains("1 done"), "\(graph.output)")
    let doctor = try tool.run("doctor")
    for word in [
      "instruction set: ", "libavcodec: ", "kernels: ", "openblas: ", "libcurl: ", "formats: ", "workspace: free",
    ] {
      #expect(doctor.output.contains(word), "\(doctor.output)")
    }
    let lock = try FileLock(tool.path(".pipeline/lock"))
    #expect(try tool.run("doctor").output.contains("pid \(ProcessInfo.processInfo.processIdentifier)"))
    withExtendedLifetime(lock) {}
  }
}
