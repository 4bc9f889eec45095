import Basics
import Foundation
import Glibc
import Testing

@Suite(
  "pipeline verify, gc, graph, doctor, and prepare with nothing to do", .serialized,
  .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct MaintenanceTests {
  /// Flips one bit and leaves no other trace: size and times are as before.
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
    for folder in ["videos", "embeddings", "shards"] {
      for name in (try? Files.names(in: tool.path(folder))) ?? [] {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: tool.path("\(folder)/\(name)"))
      }
    }
    // Changing a time is itself a change that has to settle.
    Thread.sleep(forTimeInterval: 1.5)
  }

  @Test("shards that are gone are damage, of frames too; a folder that is not there is refused")
  func goneShards() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    #expect(try tool.run("prepare", "videos", "--frames-out", "frames").status == 0)
    #expect(try tool.run("verify").output.contains("and 2 shards are whole"))
    try flip(tool.path("frames/frames-000000.tar"), at: 2000)
    #expect(try tool.run("verify").status == 1)
    let mended = try tool.run("prepare", "videos", "--frames-out", "frames")
    #expect(mended.output.contains("frames of 2 clips in 1 shards; 1 shards written"), "\(mended.output)")
    for damage in [["rm", tool.path("shards/train-000000.tar")], ["rm", "-r", tool.path("shards")]] {
      try Clips.shell(damage)
      let found = try tool.run("verify")
      #expect(found.status == 1 && found.output.contains("not there"), "\(found.output)")
      #expect(try tool.run("prepare", "videos").status == 0)
      #expect(try tool.run("verify").status == 0)
    }
    #expect(try tool.run("verify", "--shards", "nowhere").status == 64)
  }

  @Test("one flipped bit in a segment or a shard is found, and made anew from the clip")
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
      // What a repair leaves behind is dead; only live bytes count.
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

  @Test("gc frees what settings of long ago left, and nothing that is still of use")
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
    #expect(try tool.run("gc").output.contains("freed 0 artifacts"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
    #expect(try tool.run("prepare", "videos", "--frames", "3").output.contains("up to date"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
    #expect(try tool.digests("shards") == expected)
    try Files.remove(tool.path("videos/\(Clips.name(1)).mp4"))
    try tool.run("prepare", "videos", "--max-bad-fraction", "1")
    #expect(!(try tool.run("gc").output.contains("freed 0 artifacts")))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
  }

  /// Whether the seal held: no survey was made.
  private func isSealed(_ tool: Tool, _ arguments: [String] = []) throws -> Bool {
    let (process, output, _) = try tool.start(["prepare", "videos", "--json"] + arguments)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.contains("\"sealed\":true")
  }

  @Test("prepare looks at nothing while nothing has changed, and at everything when anything has")
  func seal() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    let first = try tool.run("prepare", "videos")
    let summary = first.output.split(separator: ";")[0]
    #expect(!(try isSealed(tool)), "what was just written has not settled")
    func settle(line: Int = #line) throws {
      // What was changed under its old time is only seen once the time is another, and may then be written.
      try age(tool)
      try tool.run("prepare", "videos")
      try age(tool)
      let checked = try tool.run("prepare", "videos")
      #expect(checked.status == 0)
      #expect(try isSealed(tool), "line \(line): \(checked.output) \(checked.problems)")
    }
    try settle()
    let sealed = try tool.run("prepare", "videos")
    #expect(sealed.output == "\(summary); up to date\n", "\(sealed.output)")
    #expect(!(try isSealed(tool, ["--frames", "2"])), "other settings")
    #expect(!(try isSealed(tool)), "the other settings' run took the seal away")
    try settle()
    #expect(!(try isSealed(tool, ["--leave-out", "video.still"])))
    try settle()
    try Clips.add(tool, 3)
    #expect(!(try isSealed(tool)), "a new file")
    try settle()
    try flip(tool.path("embeddings/\(Clips.name(0)).npy"), at: 1000)
    #expect(!(try isSealed(tool)), "touched content under the old time")
    try settle()
    try flip(tool.path("videos/\(Clips.name(0)).mp4"), at: 1000)
    #expect(!(try isSealed(tool)))
    try settle()
    try Files.remove(tool.path("shards/train-000000.tar"))
    let rewritten = try tool.run("prepare", "videos")
    #expect(rewritten.output.contains("1 shards written"), "\(rewritten.output)")
    try settle()
    try Files.remove(tool.path(".pipeline/store/segment-000000.seg"))
    #expect(!(try isSealed(tool)), "a lost segment")
    try settle()
    try Files.write("{\"dim\": 512, \"fps\": 1.0, \"model\": \"other\"}", to: tool.path("embeddings/embeddings.json"))
    #expect(!(try isSealed(tool)), "another description")
    try settle()
    try Files.write("x", to: tool.path("videos/.hidden"))
    #expect(try isSealed(tool), "hidden files are no clips")
    #expect(!(try isSealed(tool, ["--retry", "clip.short"])))
  }

  @Test("--retry works again on the clips that a reason left out, and on no others")
  func retry() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.vectors(tool.path("embeddings/text0000000_000001.npy"), seed: 9)
    try tool.run("prepare", "videos", "--max-bad-fraction", "1")
    let again = try tool.run("prepare", "videos", "--max-bad-fraction", "1", "--retry", "media.unreadable", "--explain")
    #expect(again.output.contains("extract-sound text0000000_000001: forced"), "\(again.output)")
    #expect(!again.output.contains("extract-sound \(Clips.name(0))"))
    #expect(
      try tool.run("prepare", "videos", "--retry", "media.unreadible").problems.contains(
        "did you mean media.unreadable?"))
  }

  @Test("graph and doctor say what there is")
  func graphAndDoctor() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    let bare = try tool.run("graph")
    #expect(
      bare.output.contains("\"extract-sound\" -> \"select-vectors\"") && bare.output.contains("digraph"),
      "\(bare.output)")
    try tool.run("prepare", "videos")
    let graph = try tool.run("graph", "--mermaid")
    #expect(
      graph.output.contains("select-vectors --> write-shards") && graph.output.contains("1 done"), "\(graph.output)")
    let doctor = try tool.run("doctor")
    for word in [
      "instruction set: ", "libavcodec: ", "onednn: ", "openblas: ", "libcurl: ", "formats: ", "workspace: free",
    ] {
      #expect(doctor.output.contains(word), "\(doctor.output)")
    }
    let lock = try FileLock(tool.path(".pipeline/lock"))
    #expect(try tool.run("doctor").output.contains("pid \(ProcessInfo.processInfo.processIdentifier)"))
    withExtendedLifetime(lock) {}
  }
}
