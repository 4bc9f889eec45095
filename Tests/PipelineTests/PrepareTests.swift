import Basics
import Foundation
import Tensors
import Testing

@Suite("pipeline prepare", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PrepareTests {
  @Test("does again only what changed")
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
    #expect(added.output.contains("4 pairs") && added.output.contains("1 clips decoded"))

    try Clips.vectors(tool.path("embeddings/\(Clips.name(0)).npy"), seed: 99)
    let vectors = try tool.run("prepare", "videos", "--explain")
    #expect(vectors.output.contains("select-vectors \(Clips.name(0)): input changed: vectors"))
    #expect(vectors.output.contains("0 clips decoded"))

    try FileManager.default.setAttributes(
      [.modificationDate: Date()], ofItemAtPath: tool.path("videos/\(Clips.name(1)).mp4"))
    let touched = try tool.run("prepare", "videos")
    #expect(touched.output.contains("up to date"))

    let other = try tool.run("prepare", "videos", "--frames", "2", "--explain", "--dry-run")
    #expect(other.output.contains("extract-frames \(Clips.name(1)): parameter changed: fps: 1 → 2"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
  }

  @Test("gives every file a verdict and goes on")
  func badClips() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.make(tool.path("videos/nosound0000_000001.mp4"), pitch: 500, sound: false)
    try Clips.make(tool.path("videos/nopicture00_000001.mp4"), pitch: 500, picture: false)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Files.write([], to: tool.path("videos/empty000000_000001.mp4"))
    try Clips.make(tool.path("videos/novectors00_000001.mp4"), pitch: 700)
    try Clips.shell(["cp", tool.path("videos/\(Clips.name(0)).mp4"), tool.path("videos/\(Clips.name(0)).copy.mp4")])
    try Files.write(
      "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n\(Clips.name(0)).mp4\n",
      to: tool.path("videos/playlist000_000001.mp4"))
    for name in ["short000000", "nosound0000", "nopicture00", "text0000000", "empty000000", "playlist000"] {
      try Clips.vectors(tool.path("embeddings/\(name)_000001.npy"), seed: 5, rows: name == "short000000" ? 4 : 10)
    }
    let outcome = try tool.run("prepare", "videos")
    #expect(outcome.status == 3, "\(outcome.problems)")
    #expect(outcome.output.contains("2 pairs"))
    let quarantine = String(decoding: try Files.read(tool.path("shards/quarantine.jsonl")), as: UTF8.self)
    for (name, reason) in [
      ("short000000", "clip.short"), ("nosound0000", "audio.missing"), ("nopicture00", "video.missing"),
      ("text0000000", "media.unreadable"), ("empty000000", "media.unreadable"), ("novectors00", "embedding.missing"),
      (".copy.mp4", "clip.duplicate"), ("playlist000", "media.unreadable"),
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
    for (folder, ending) in [("videos", "mp4"), ("embeddings", "npy")] {
      try Files.rename(
        tool.path("\(folder)/\(Clips.name(0)).\(ending)"), to: tool.path("\(folder)/renamed0000_000003.\(ending)"))
    }
    let again = try tool.run("prepare", "videos")
    #expect(again.output.contains("2 pairs") && again.output.contains("0 clips decoded"), "\(again.output)")
    #expect(try tool.run("verify").status == 0)
  }

  @Test("another key list of a table is other vectors for its clips")
  func tableKeys() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.remove(tool.path("embeddings"))
    try Files.makeFolder(tool.path("table/img_emb"))
    try Files.makeFolder(tool.path("table/keys"))
    try Clips.vectors(tool.path("table/img_emb/img_emb_0.npy"), seed: 1, rows: 20)
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
    #expect(after.output.contains("0 clips decoded, 1 shards written"), "\(after.output) \(after.problems)")
    #expect(try tool.digests("shards") != before)
    try keys([0, 1])
    try tool.run(all: line)
    #expect(try tool.digests("shards") == before)
  }

  @Test("a name that is not UTF-8 is one line in the report")
  func oddName() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    try Clips.shell([
      "sh", "-c", "cp \(tool.path("videos"))/*.mp4 \"\(tool.path("videos"))/$(printf 'bad\\377')_000001.mp4\"",
    ])
    let outcome = try tool.run("prepare", "videos", "--max-bad-fraction", "1")
    #expect(outcome.status == 0 && outcome.output.contains("id.invalid"), "\(outcome.output) \(outcome.problems)")
    #expect(outcome.output.contains("1 pairs"))
  }

  @Test("its own folders below the videos are no clips, and a folder that is read is not written")
  func ownFolders() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    for _ in 0..<2 {
      let outcome = try tool.run("prepare", ".", "--frames-out", "frames")
      #expect(outcome.status == 0 && outcome.output.contains("2 pairs"), "\(outcome.output) \(outcome.problems)")
    }
    try Files.write("x", to: tool.path("afile"))
    for words in [
      ["--shards", "videos"], ["--shards", "."], ["--shards", "embeddings"], ["--frames-out", "videos/"],
      ["--frames-out", "shards"], ["--shards", "afile"], ["--shards", ""],
    ] {
      let refused = try tool.run(all: ["prepare", "videos", "--dry-run"] + words)
      #expect(refused.status == 64, "\(words): \(refused.problems)")
    }
    #expect(try Files.names(in: tool.path("videos")).count == 2)
  }

  @Test("shards behind a link stay there; what a kill left beside them goes, and the user's own files come back")
  func linkedShards() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.makeFolder(tool.path("disk/set"))
    try Clips.shell(["ln", "-s", "disk/set", tool.path("shards")])
    try Files.write("mine", to: tool.path("disk/set/notes.txt"))
    #expect(try tool.run("prepare", "videos").status == 0)
    try Clips.add(tool, 2)
    #expect(try tool.run("prepare", "videos").output.contains("3 pairs"))
    #expect(try Files.identityOfLink(tool.path("shards")).kind == .link)
    let names = try Files.names(in: tool.path("disk/set"))
    #expect(names.contains("train-000000.tar") && names.contains("notes.txt"), "\(names)")

    try Files.makeFolder(tool.path("disk/.set.building"))
    try Files.rename(tool.path("disk/set/notes.txt"), to: tool.path("disk/.set.building/notes.txt"))
    try Files.write("old", to: tool.path("disk/.set.building/train-000000.tar"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
    #expect(try Files.names(in: tool.path("disk")) == [".set.lock", "set"])
    #expect(try Files.read(tool.path("disk/set/notes.txt")) == Array("mine".utf8))
  }

  @Test("of two files with one id that are kept, one is in a shard and the other is not")
  func keptTwin() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Clips.make(tool.path("videos/\(Clips.name(0)).other.mp4"), pitch: 900)
    let outcome = try tool.run("prepare", "videos", "--keep", "id.collision", "--max-bad-fraction", "1")
    #expect(outcome.status == 0 && outcome.output.contains("2 pairs"), "\(outcome.output) \(outcome.problems)")
    #expect(try tool.run("status").output.contains("3 clips: 1 kept, 1 with a warning, 1 left out"))
    let quarantine = String(decoding: try Files.read(tool.path("shards/quarantine.jsonl")), as: UTF8.self)
    #expect(quarantine.split(separator: "\n").count == 1 && quarantine.contains("id.collision"))
  }

  @Test("values that mean nothing are refused before anything is decoded")
  func values() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    for words in [
      ["--embedding-fps", "0"], ["--embedding-fps", "nan"], ["--embedding-fps=-1"], ["--max-bad-fraction", "nan"],
      ["--max-bad-fraction", "2"], ["--leave-out", "clip.short", "--keep", "clip.short"], ["--retry", "nonsense"],
    ] {
      let refused = try tool.run(all: ["prepare", "videos", "--dry-run"] + words)
      #expect(refused.status == 64, "\(words): \(refused.status) \(refused.problems)")
    }
    try Files.write("prepare:\n  videos: videos\n  limit: [1, 2]\n", to: tool.path("p.yaml"))
    #expect(try tool.run("prepare", "--pipeline", "p.yaml").status == 64)
    #expect(try tool.run("prepare", "--help").output.contains("audio.silent"))
  }

  @Test("words every failure and exits as promised")
  func failures() throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try tool.run("prepare", "nowhere").status == 1)
    try Files.makeFolder(tool.path("empty"))
    let empty = try tool.run("prepare", "empty")
    #expect(empty.status == 1 && empty.problems.contains("hint:"))
    try Clips.set(tool, count: 1)
    try Files.write("prepare:\n  embeding-fps: 1\n", to: tool.path("wrong.yaml"))
    let key = try tool.run("prepare", "videos", "--pipeline", "wrong.yaml")
    #expect(key.status == 64 && key.problems.contains("did you mean embedding-fps?"))
    #expect(try tool.run("prepare", "videos", "--keep", "clip.shrot").problems.contains("did you mean clip.short?"))
    try Clips.vectors(tool.path("wide.npy"), seed: 1, width: 768)
    let wide = try tool.run("prepare", "videos", "--embeddings", "wide.npy")
    #expect(wide.status == 1 && wide.problems.contains("found 768, expected 512"))
    try Files.rename(tool.path("embeddings"), to: tool.path("elsewhere"))
    let none = try tool.run("prepare", "videos")
    #expect(none.status == 4 && none.problems.contains("--embeddings"))
    #expect(try tool.run("distill", "--shards", "nowhere").status == 1)
    #expect(try tool.run("export", "weights.bin").problems.contains("pipeline distill"))
    #expect(try tool.run("export", "weights.xyz").status != 0)
    #expect(try tool.run("prepare", "--no-such-flag").status == 64)
  }

  @Test("refuses a second writer, with the pid of the first")
  func secondWriter() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    try Files.makeFolder(tool.path(".pipeline"))
    let lock = try FileLock(tool.path(".pipeline/lock"))
    let refused = try tool.run("prepare", "videos")
    withExtendedLifetime(lock) {}
    #expect(refused.status == 75 && refused.problems.contains("pid \(ProcessInfo.processInfo.processIdentifier)"))
  }

  @Test("writes the same shards for any number of jobs, from any folder, after any kill")
  func sameBytes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 6)
    try tool.run("prepare", "videos", "--shards", "one", "--workspace", "w1", "--jobs", "1")
    let expected = try tool.digests("one")
    #expect(expected.count >= 5)
    try tool.run("prepare", "videos", "--shards", "two", "--workspace", "w2", "--jobs", "2")
    #expect(try tool.digests("two") == expected)
    try Files.makeFolder(tool.path("deep/er"))
    try Files.rename(tool.path("videos"), to: tool.path("deep/videos"))
    try Files.rename(tool.path("embeddings"), to: tool.path("deep/embeddings"))
    try tool.run(
      "prepare", "../videos", "--shards", "three", "--workspace", "w3", "--jobs", "8", at: tool.path("deep/er"))
    #expect(try tool.digests("deep/er/three") == expected)

    var random = SeededRandom(seed: UInt64(Date().timeIntervalSince1970))
    for _ in 0..<8 {
      let (process, _, _) = try tool.start([
        "prepare", "deep/videos", "--shards", "four", "--workspace", "w4", "--jobs", "2",
      ])
      usleep(UInt32(20_000 + random.next() % 400_000))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      for name in (try? Files.names(in: tool.path("four"))) ?? [] {
        #expect(expected[name] == (try tool.digests("four")[name]))
      }
    }
    #expect(try tool.run("prepare", "deep/videos", "--shards", "four", "--workspace", "w4").status == 0)
    #expect(try tool.digests("four") == expected)
    #expect(try Files.names(in: tool.folder).allSatisfy { !$0.hasSuffix(".building") })
  }

  @Test(
    "leaves out a clip on which the decoder crashes, hangs or eats memory, alone, and tries it again",
    arguments: [("crash", "decoder.crashed"), ("hang", "media.timeout"), ("allocate", "media.memory")])
  func faults(kind: String, reason: String) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    let name = "fault-\(kind)00_000007"
    try Clips.make(tool.path("videos/\(name).mp4"), pitch: 900)
    try Clips.vectors(tool.path("embeddings/\(name).npy"), seed: 7)
    let outcome = try tool.run(
      "prepare", "videos", "--max-bad-fraction", "1", "--timeout", "3", "--explain",
      environment: ["PIPELINE_TEST_FAULTS": "1"])
    #expect(outcome.output.contains("3 pairs"), "\(outcome.output) \(outcome.problems)")
    #expect(outcome.problems.contains("may then differ"))
    let quarantine = String(decoding: try Files.read(tool.path("shards/quarantine.jsonl")), as: UTF8.self)
    #expect(
      quarantine.split(separator: "\n").count == 1 && quarantine.contains("\"reason\":\"\(reason)\""), "\(quarantine)")
    // What it did to the others: nothing. Their shards are those of a run without it.
    try Files.makeFolder(tool.path("others"))
    for k in 0..<3 { try Clips.shell(["cp", tool.path("videos/\(Clips.name(k)).mp4"), tool.path("others/")]) }
    try tool.run("prepare", "others", "--embeddings", "embeddings", "--shards", "clean", "--workspace", "w2")
    #expect(try tool.digests("clean")["train-000000.tar"] == tool.digests("shards")["train-000000.tar"])
    let again = try tool.run("prepare", "videos", "--explain")
    #expect(again.output.contains("4 pairs") && again.output.contains("1 clips decoded"))
    #expect(again.output.contains("extract-audio \(name): the last result was not final"), "\(again.output)")
    #expect(!again.output.contains("extract-audio \(Clips.name(0))"))
  }

  @Test("progress counts clips, and those left out by reason")
  func progress() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.vectors(tool.path("embeddings/short000000_000001.npy"), seed: 5, rows: 4)
    // The last one takes so long that there is something to tell.
    let slow = "zfault-hang0_000007"
    try Clips.make(tool.path("videos/\(slow).mp4"), pitch: 900)
    try Clips.vectors(tool.path("embeddings/\(slow).npy"), seed: 7)
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
    try Files.makeFolder(tool.path("videos"))
    try Clips.make(tool.path("videos/aaaaaaaaaaa_000010.mp4"), pitch: 300)
    try Clips.make(tool.path("videos/bbbbbbbbbbb_20000_30000.mp4"), pitch: 400)
    try Clips.make(tool.path("videos/ccccccccccc.mp4"), pitch: 500, seconds: 20)
    try Clips.make(tool.path("videos/unlisted000_000001.mp4"), pitch: 600)
    for (i, name) in ["aaaaaaaaaaa_000010", "bbbbbbbbbbb_000020"].enumerated() {
      try Files.makeFolder(tool.path("embeddings"))
      try Clips.vectors(tool.path("embeddings/\(name).npy"), seed: UInt64(i))
    }
    try Clips.vectors(tool.path("embeddings/ccccccccccc.npy"), seed: 3, rows: 20)
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

  @Test("the same shards whatever vector instructions libav finds", .enabled(if: Clips.canRunScripts))
  func vectorInstructions() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.shell([
      "cc", "-O2", "-shared", "-fPIC", "-o", tool.path("limit-cpu.so"),
      "\(StagesTests.repository)/Scripts/lib/limit-cpu.c", "-ldl",
    ])
    try Files.makeFolder(tool.path("videos"))
    try Files.makeFolder(tool.path("embeddings"))
    let source = [
      "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=568x420:rate=10:duration=10", "-f", "lavfi",
      "-i",
      "anoisesrc=r=44100:d=10:a=0.4:seed=7",
    ]
    for (k, (ending, words)) in [
      ("mp4", ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"]),
      ("webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"]),
      ("avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"]), ("ts", ["-c:v", "mpeg2video", "-c:a", "mp2"]),
      ("mkv", ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", "-c:a", "ac3"]),
    ].enumerated() {
      try Clips.shell(source + words + [tool.path("videos/\(Clips.name(k)).\(ending)")])
      try Clips.vectors(tool.path("embeddings/\(Clips.name(k)).npy"), seed: UInt64(k))
    }
    func shards(_ name: String, _ flags: String?) throws -> [String: String] {
      let environment = flags.map { ["LD_PRELOAD": tool.path("limit-cpu.so"), "CPU_FLAGS": $0] } ?? [:]
      let outcome = try tool.run(
        "prepare", "videos", "--embedding-fps", "1", "--workspace", "w-\(name)", "--shards", "s-\(name)",
        "--frames-out",
        "f-\(name)", environment: environment)
      #expect(outcome.status == 0 && outcome.output.contains("5 pairs"), "\(outcome.output) \(outcome.problems)")
      return try tool.digests("s-\(name)").merging(tool.digests("f-\(name)")) { $0 + $1 }
    }
    let all = try shards("all", nil)
    #expect(all.count >= 7)
    #expect(try shards("none", "0") == all)
    // All but AV_CPU_FLAG_AVX512 and AVX512ICL.
    #expect(try shards("avx2", "-3145729") == all)
  }

  @Test("what was kept of verdicts is what would be found: after any change as from nothing")
  func verdictsAreKept() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    try Files.write("not a video", to: tool.path("videos/text0000000_000001.mp4"))
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.vectors(tool.path("embeddings/short000000_000001.npy"), seed: 5, rows: 4)
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
        ]
        let (process, output, problems) = try tool.start(arguments + flags)
        _ = problems.fileHandleForReading.readDataToEndOfFile()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(what): \(said)")
        let status = try tool.run("status", "--workspace", workspace).output
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
    try Clips.vectors(tool.path("embeddings/\(Clips.name(0)).npy"), seed: 77)
    try compare("other vectors")
    try Files.remove(tool.path("embeddings/\(Clips.name(3)).npy"))
    try compare("vectors gone")
    try Files.remove(tool.path("videos/\(Clips.name(2)).mp4"))
    try compare("a file gone")
    flags = []
    try Files.write("a text", to: tool.path("videos/\(Clips.name(1)).txt"))
    try compare("two files of one id")
  }

  @Test("a clip that did not change is settled without a look into the store", .enabled(if: Clips.canRunScripts))
  func untouched() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    try tool.run("prepare", "videos")
    // No artifact is left that could be read.
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
    try Files.makeFolder(tool.path("videos"))
    try Clips.make(tool.path("videos/ccccccccccc.mp4"), pitch: 500, seconds: 25)
    try Files.makeFolder(tool.path("embeddings"))
    try Clips.vectors(tool.path("embeddings/ccccccccccc.npy"), seed: 3, rows: 25)
    try Files.write("ccccccccccc,0,a,train\nccccccccccc,5,b,train\nccccccccccc,20,c,train\n", to: tool.path("list.csv"))
    let outcome = try tool.run(
      "prepare", "videos", "--manifest", "list.csv", "--embedding-fps", "1", "--max-bad-fraction", "1")
    #expect(outcome.status == 0 && outcome.output.contains("2 pairs"), "\(outcome.output) \(outcome.problems)")
    #expect(try tool.run("status").output.contains("3 clips: 2 kept"))
    #expect(try tool.run("verify").status == 0)
  }
}
