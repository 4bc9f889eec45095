import Basics
import Foundation
import Tensors
import Testing

@Suite("pipeline prepare", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PrepareTests {
  @Test("redoes only what changed")
  func incremental() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    let first = try tool.run("prepare", "videos", "--explain")
    #expect(first.status == 0, "\(first.problems)")
    #expect(first.output.contains("3 pairs"))
    #expect(first.output.contains("extract-audio \(Clips.name(0)): never built"))

    let second = try tool.run("prepare", "videos", "--explain")
    #expect(second.output.contains("up to date"))
    #expect(!second.output.contains("extract-"))

    try Clips.add(tool, 3)
    let added = try tool.run("prepare", "videos")
    #expect(added.output.contains("4 pairs") && added.output.contains("1 clip decoded"))

    try Clips.embeddings(tool.path("embeddings/\(Clips.name(0)).npy"), seed: 99)
    let embeddings = try tool.run("prepare", "videos", "--explain")
    #expect(embeddings.output.contains("select-vectors \(Clips.name(0)): input changed: vectors"))
    #expect(embeddings.output.contains("0 clips decoded"))

    try FileManager.default.setAttributes(
      [.modificationDate: Date()], ofItemAtPath: tool.path("videos/\(Clips.name(1)).mp4"))
    let touched = try tool.run("prepare", "videos")
    #expect(touched.output.contains("up to date"))

    let other = try tool.run("prepare", "videos", "--frames", "2", "--explain", "--dry-run")
    #expect(other.output.contains("extract-frames \(Clips.name(1)): parameter changed: fps: 1 → 2"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
  }

  @Test("gives every file a verdict and continues")
  func badClips() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.make(tool.path("videos/nosound0000_000001.mp4"), pitch: 500, audio: false)
    try Clips.make(tool.path("videos/nopicture00_000001.mp4"), pitch: 500, image: false)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Files.write([], to: tool.path("videos/empty000000_000001.mp4"))
    try Clips.make(tool.path("videos/novectors00_000001.mp4"), pitch: 700)
    try Files.makeDirectory(tool.path("videos/more"))
    try Clips.shell(["cp", tool.path("videos/\(Clips.name(0)).mp4"), tool.path("videos/more/\(Clips.name(0)).mp4")])
    try Files.write(
      "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n\(Clips.name(0)).mp4\n",
      to: tool.path("videos/playlist000_000001.mp4"))
    for name in ["short000000", "nosound0000", "nopicture00", "text0000000", "empty000000", "playlist000"] {
      try Clips.embeddings(tool.path("embeddings/\(name)_000001.npy"), seed: 5, rows: name == "short000000" ? 4 : 10)
    }
    let outcome = try tool.run("prepare", "videos")
    #expect(outcome.status == 3, "\(outcome.problems)")
    #expect(outcome.output.contains("2 pairs"))
    let quarantine = String(decoding: try Files.read(tool.path("shards/quarantine.jsonl")), as: UTF8.self)
    for (name, reason) in [
      ("short000000", "clip.short"), ("nosound0000", "audio.missing"), ("nopicture00", "video.missing"),
      ("text0000000", "media.unreadable"), ("empty000000", "media.unreadable"), ("novectors00", "embedding.missing"),
      ("more/", "clip.duplicate"), ("playlist000", "media.unreadable"),
    ] {
      #expect(
        quarantine.split(separator: "\n").contains { $0.contains(name) && $0.contains("\"reason\":\"\(reason)\"") },
        "\(name)")
    }
    let kept = try tool.run("prepare", "videos", "--keep", "clip.short", "--max-bad-fraction", "1")
    #expect(kept.status == 0 && kept.output.contains("3 pairs"))
    #expect(try tool.run("status", "--quarantine").output.contains("playlist000_000001.mp4"))
  }

  @Test("a clip that was renamed is not decoded again")
  func renamed() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try tool.run("prepare", "videos")
    for (directory, ending) in [("videos", "mp4"), ("embeddings", "npy")] {
      try Files.rename(
        tool.path("\(directory)/\(Clips.name(0)).\(ending)"), to: tool.path("\(directory)/renamed0000_000003.\(ending)")
      )
    }
    let again = try tool.run("prepare", "videos", "--replace")
    #expect(again.output.contains("2 pairs") && again.output.contains("0 clips decoded"), "\(again.output)")
    #expect(try tool.run("verify").status == 0)
  }

  @Test("another key list for a table means other embeddings for its clips")
  func tableKeys() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.remove(tool.path("embeddings"))
    try Files.makeDirectory(tool.path("table/img_emb"))
    try Files.makeDirectory(tool.path("table/keys"))
    try Clips.embeddings(tool.path("table/img_emb/img_emb_0.npy"), seed: 1, rows: 20)
    func keys(_ order: [Int]) throws {
      let lines = order.flatMap { clip in (0..<10).map { "\(Clips.name(clip))_\($0)\n" } }
      try Files.write(lines.joined(), to: tool.path("table/keys/img_emb_0.txt"))
    }
    let line = ["prepare", "videos", "--embeddings", "table/img_emb", "--embedding-fps", "1"]
    try keys([0, 1])
    #expect(try tool.run(all: line).output.contains("2 pairs"))
    let before = try tool.digests("shards")
    #expect(try tool.run(all: line).output.contains("up to date"))
    try keys([1, 0])
    let after = try tool.run(all: line)
    #expect(after.output.contains("0 clips decoded, 1 shard written"), "\(after.output) \(after.problems)")
    #expect(try tool.digests("shards") != before)
    try keys([0, 1])
    try tool.run(all: line)
    #expect(try tool.digests("shards") == before)
  }

  @Test(
    "leaves out only the clip on which the decoder crashes, hangs or runs out of memory, and retries it",
    arguments: [("crash", "decoder.crashed"), ("hang", "media.timeout"), ("allocate", "media.memory")])
  func faults(kind: String, reason: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    let name = "fault-\(kind)00_000007"
    try Clips.make(tool.path("videos/\(name).mp4"), pitch: 900)
    try Clips.embeddings(tool.path("embeddings/\(name).npy"), seed: 7)
    let outcome = try tool.run(
      "prepare", "videos", "--max-bad-fraction", "1", "--timeout", "3", "--explain",
      environment: ["PIPELINE_TEST_FAULTS": "1"])
    #expect(outcome.output.contains("3 pairs"), "\(outcome.output) \(outcome.problems)")
    #expect(outcome.problems.contains("may then differ"))
    let quarantine = String(decoding: try Files.read(tool.path("shards/quarantine.jsonl")), as: UTF8.self)
    #expect(
      quarantine.split(separator: "\n").count == 1 && quarantine.contains("\"reason\":\"\(reason)\""), "\(quarantine)")
    // The other clips are not affected: their shards are those of a run without this clip.
    try Files.makeDirectory(tool.path("others"))
    for k in 0..<3 { try Clips.shell(["cp", tool.path("videos/\(Clips.name(k)).mp4"), tool.path("others/")]) }
    try tool.run("prepare", "others", "--embeddings", "embeddings", "--shards", "clean", "--workspace", "w2")
    #expect(try tool.digests("clean")["train-000000.tar"] == tool.digests("shards")["train-000000.tar"])
    let again = try tool.run("prepare", "videos", "--explain")
    #expect(again.output.contains("4 pairs") && again.output.contains("1 clip decoded"))
    #expect(again.output.contains("extract-audio \(name): the last result was not final"), "\(again.output)")
    #expect(!again.output.contains("extract-audio \(Clips.name(0))"))
  }

  @Test("progress counts all clips, and the clips left out by reason")
  func progress() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.embeddings(tool.path("embeddings/short000000_000001.npy"), seed: 5, rows: 4)
    // The last clip takes long enough for a progress event.
    let slow = "zfault-hang0_000007"
    try Clips.make(tool.path("videos/\(slow).mp4"), pitch: 900)
    try Clips.embeddings(tool.path("embeddings/\(slow).npy"), seed: 7)
    let outcome = try tool.run(
      "prepare", "videos", "--json", "--timeout", "1", environment: ["PIPELINE_TEST_FAULTS": "1"])
    let events = try outcome.output.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
    let last = try #require(events.last { $0["event"] as? String == "progress" && $0["what"] as? String == "clips" })
    #expect(last["done"] as? Int == 4 && last["total"] as? Int == 4, "\(last)")
    #expect(last["leftOut"] as? [String: Int] == ["clip.short": 1, "media.timeout": 1], "\(last)")
    #expect(last["perSecond"] as? Double ?? 0 > 0 && last["secondsLeft"] as? Double == 0, "\(last)")
  }

  @Test("takes ids, labels, splits and starts from a manifest")
  func manifest() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    try Clips.make(tool.path("videos/aaaaaaaaaaa_000010.mp4"), pitch: 300)
    try Clips.make(tool.path("videos/bbbbbbbbbbb_20000_30000.mp4"), pitch: 400)
    try Clips.make(tool.path("videos/ccccccccccc.mp4"), pitch: 500, seconds: 20)
    try Clips.make(tool.path("videos/unlisted000_000001.mp4"), pitch: 600)
    for (i, name) in ["aaaaaaaaaaa_000010", "bbbbbbbbbbb_000020"].enumerated() {
      try Files.makeDirectory(tool.path("embeddings"))
      try Clips.embeddings(tool.path("embeddings/\(name).npy"), seed: UInt64(i))
    }
    try Clips.embeddings(tool.path("embeddings/ccccccccccc.npy"), seed: 3, rows: 20)
    try Files.write(
      "aaaaaaaaaaa,10,\"dog, barking\",train\nbbbbbbbbbbb,20,rain,test\nccccccccccc,5,sea,train\nddddddddddd,1,none,test\n",
      to: tool.path("list.csv"))
    let outcome = try tool.run("prepare", "videos", "--manifest", "list.csv", "--embedding-fps", "1")
    #expect(outcome.status == 0, "\(outcome.output) \(outcome.problems)")
    #expect(outcome.output.contains("3 pairs (2 train, 1 test)"))
    for code in ["manifest.absent", "manifest.unlisted", "id.milliseconds"] { #expect(outcome.output.contains(code)) }
    let inspected = try tool.run("inspect", "shards/train-000000.tar")
    #expect(inspected.output.contains("ccccccccccc_000005.clip.npy"))
    let tar = try Files.read(tool.path("shards/train-000000.tar"))
    let text = String(decoding: tar, as: UTF8.self)
    #expect(text.contains("\"label\":\"dog, barking\"") && text.contains("\"start\":5"))
  }

  @Test("cached verdicts are those of a fresh run, after any change")
  func verdictsAreKept() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.embeddings(tool.path("embeddings/short000000_000001.npy"), seed: 5, rows: 4)
    func manifest(_ label: String, _ split: String) throws {
      let rows = (0..<4).map { "clip\($0)abcdef,\($0),\($0 == 1 ? label : "any"),\($0 == 2 ? split : "train")" }
      try Files.write(
        (rows + ["text0000000,1,any,train", "short000000,1,any,train", "nowhere0000,1,any,train"]).joined(
          separator: "\n"),
        to: tool.path("list.csv"))
    }
    try manifest("dog", "test")
    var (round, flags) = (0, [String]())
    func compare(_ what: String) throws {
      round += 1
      func prepare(_ workspace: String) throws -> [String] {
        let arguments = [
          "prepare", "videos", "--max-bad-fraction", "1", "--workspace", workspace, "--shards", "shards-\(workspace)",
          "--replace",
        ]
        let (process, output, problems) = try tool.start(arguments + flags)
        _ = problems.fileHandleForReading.readDataToEndOfFile()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(what): \(said)")
        // The stored size depends on earlier runs.
        let status = try tool.run("status", "--workspace", workspace).output.split(separator: "\n")
          .filter { !$0.hasPrefix("stored:") }.joined(separator: "\n")
        let list = try tool.run("status", "--quarantine", "--workspace", workspace).output
        return [status, list] + (try tool.digests("shards-\(workspace)")).sorted { $0.key < $1.key }.map { "\($0)" }
      }
      #expect(try prepare("kept") == prepare("fresh\(round)"), "\(what)")
      #expect(try tool.run("verify", "--workspace", "kept", "--shards", "shards-kept").status == 0, "\(what)")
    }
    try compare("from nothing")
    try compare("again")
    flags = ["--manifest", "list.csv"]
    try compare("a manifest")
    try manifest("cat", "validation")
    try compare("another label, another split")
    flags += ["--keep", "clip.short"]
    try compare("another rule")
    try Clips.embeddings(tool.path("embeddings/\(Clips.name(0)).npy"), seed: 77)
    try compare("other vectors")
    try Files.remove(tool.path("embeddings/\(Clips.name(3)).npy"))
    try compare("vectors gone")
    try Files.remove(tool.path("videos/\(Clips.name(2)).mp4"))
    try compare("a file gone")
    flags = []
    try Files.write("a text", to: tool.path("videos/\(Clips.name(1)).txt"))
    try compare("two files of one id")
  }

  @Test("an unchanged clip is settled without reading the store", .enabled(if: Clips.canRunScripts))
  func untouched() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    try tool.run("prepare", "videos")
    // No artifact is left to read.
    try Clips.shell([
      "python3", "-c",
      "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('DELETE FROM artifact'); c.commit()",
      tool.path(".pipeline/catalog.sqlite"),
    ])
    let again = try tool.run("prepare", "videos")
    #expect(again.status == 0 && again.output.contains("3 pairs") && again.output.contains("up to date"), "\(again)")
    #expect(try tool.run("prepare", "videos", "--keep", "clip.short").problems.contains("no longer has some bytes"))
  }

  @Test("two clips cut from one video have verdicts of their own")
  func cutClips() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    try Clips.make(tool.path("videos/ccccccccccc.mp4"), pitch: 500, seconds: 25)
    try Files.makeDirectory(tool.path("embeddings"))
    try Clips.embeddings(tool.path("embeddings/ccccccccccc.npy"), seed: 3, rows: 25)
    try Files.write("ccccccccccc,0,a,train\nccccccccccc,5,b,train\nccccccccccc,20,c,train\n", to: tool.path("list.csv"))
    let outcome = try tool.run(
      "prepare", "videos", "--manifest", "list.csv", "--embedding-fps", "1", "--max-bad-fraction", "1")
    #expect(outcome.status == 0 && outcome.output.contains("2 pairs"), "\(outcome.output) \(outcome.problems)")
    #expect(try tool.run("status").output.contains("3 clips: 2 kept"))
    #expect(try tool.run("verify").status == 0)
  }
}
