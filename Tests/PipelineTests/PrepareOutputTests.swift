import Basics
import Foundation
import Tensors
import Testing

@Suite(
  "What prepare writes, and what it refuses", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PrepareOutputTests {
  @Test("a file name that is not UTF-8 gets one line in the report")
  func oddName() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    try Clips.shell([
      "sh", "-c", "cp \(tool.path("videos"))/*.mp4 \"\(tool.path("videos"))/$(printf 'bad\\377')_000001.mp4\"",
    ])
    let outcome = try tool.run("prepare", "videos", "--max-bad-fraction", "1")
    #expect(outcome.status == 0 && outcome.output.contains("id.invalid"), "\(outcome.output) \(outcome.problems)")
    #expect(outcome.output.contains("1 pair "))
  }

  @Test("its own directories among the videos are not clips, and an input directory is not written to")
  func ownDirectories() throws {
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

  @Test("shards behind a link stay there; leftovers of a kill are removed, and the user's own files are restored")
  func linkedShards() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.makeDirectory(tool.path("disk/set"))
    try Clips.shell(["ln", "-s", "disk/set", tool.path("shards")])
    try Files.write("mine", to: tool.path("disk/set/notes.txt"))
    #expect(try tool.run("prepare", "videos").status == 0)
    try Clips.add(tool, 2)
    #expect(try tool.run("prepare", "videos").output.contains("3 pairs"))
    #expect(try Files.identityOfLink(tool.path("shards")).kind == .link)
    let names = try Files.names(in: tool.path("disk/set"))
    #expect(names.contains("train-000000.tar") && names.contains("notes.txt"), "\(names)")

    try Files.makeDirectory(tool.path("disk/.set.building"))
    try Files.rename(tool.path("disk/set/notes.txt"), to: tool.path("disk/.set.building/notes.txt"))
    try Files.write("old", to: tool.path("disk/.set.building/train-000000.tar"))
    #expect(try tool.run("prepare", "videos").output.contains("up to date"))
    #expect(try Files.names(in: tool.path("disk")) == [".set.lock", "set"])
    #expect(try Files.read(tool.path("disk/set/notes.txt")) == Array("mine".utf8))
  }

  @Test("if two files with one id are kept, only one of them is in a shard")
  func keptTwin() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Files.makeDirectory(tool.path("videos/other"))
    try Clips.make(tool.path("videos/other/\(Clips.name(0)).mp4"), pitch: 900)
    let outcome = try tool.run("prepare", "videos", "--keep", "id.collision", "--max-bad-fraction", "1")
    #expect(outcome.status == 0 && outcome.output.contains("2 pairs"), "\(outcome.output) \(outcome.problems)")
    #expect(try tool.run("status").output.contains("3 clips: 1 kept, 1 with a warning, 1 left out"))
    let quarantine = String(decoding: try Files.read(tool.path("shards/quarantine.jsonl")), as: UTF8.self)
    #expect(quarantine.split(separator: "\n").count == 1 && quarantine.contains("id.collision"))
  }

  @Test("invalid values are refused before anything is decoded")
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

  @Test("has a message for every failure and exits as documented")
  func failures() throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try tool.run("prepare", "nowhere").status == 1)
    try Files.makeDirectory(tool.path("empty"))
    let empty = try tool.run("prepare", "empty")
    #expect(empty.status == 1 && empty.problems.contains("hint:"))
    try Clips.set(tool, count: 1)
    try Files.write("prepare:\n  embeding-fps: 1\n", to: tool.path("wrong.yaml"))
    let key = try tool.run("prepare", "videos", "--pipeline", "wrong.yaml")
    #expect(key.status == 64 && key.problems.contains("did you mean embedding-fps?"))
    #expect(try tool.run("prepare", "videos", "--keep", "clip.shrot").problems.contains("did you mean clip.short?"))
    try Files.makeDirectory(tool.path("two"))
    for clip in 0..<4 {
      try Clips.embeddings(tool.path("two/\(Clips.name(clip)).npy"), seed: UInt64(clip), width: clip < 2 ? 512 : 768)
    }
    let two = try tool.run("prepare", "videos", "--embeddings", "two")
    #expect(two.status == 1 && two.problems.contains("512") && two.problems.contains("768"), "\(two.problems)")
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
    try Files.makeDirectory(tool.path(".pipeline"))
    let lock = try FileLock(tool.path(".pipeline/lock"))
    let refused = try tool.run("prepare", "videos")
    withExtendedLifetime(lock) {}
    #expect(refused.status == 75 && refused.problems.contains("pid \(ProcessInfo.processInfo.processIdentifier)"))
  }

  @Test("writes the same shards for any number of jobs, from any directory, after any kill")
  func sameBytes() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 6)
    try tool.run("prepare", "videos", "--shards", "one", "--workspace", "w1", "--jobs", "1")
    let expected = try tool.digests("one")
    #expect(expected.count >= 5)
    try tool.run("prepare", "videos", "--shards", "two", "--workspace", "w2", "--jobs", "2")
    #expect(try tool.digests("two") == expected)
    try Files.makeDirectory(tool.path("deep/er"))
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
    #expect(try Files.names(in: tool.directory).allSatisfy { !$0.hasSuffix(".building") })
  }

  @Test("the same shards with any vector instructions that libav detects", .enabled(if: Clips.canRunScripts))
  func vectorInstructions() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.shell([
      "cc", "-O2", "-shared", "-fPIC", "-o", tool.path("limit-cpu.so"),
      "\(StagesTests.repository)/Scripts/lib/limit-cpu.c", "-ldl",
    ])
    try Files.makeDirectory(tool.path("videos"))
    try Files.makeDirectory(tool.path("embeddings"))
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
      try Clips.embeddings(tool.path("embeddings/\(Clips.name(k)).npy"), seed: UInt64(k))
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

  @Test("prepared.csv has a line for each file and manifest row, and is part of the shards")
  func table() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    try Files.write("no video", to: tool.path("videos/broken00000_000007.mp4"))
    let label = #""a ""loud"" bang, twice""#
    let rows = (0..<3).map { "clip\($0)abcdef,\($0),\(label),\($0 == 2 ? "test" : "train")" }
    try Files.write(
      (rows + ["broken00000,7,x,train", "absent00000,1,x,train"]).joined(separator: "\n"), to: tool.path("list.csv"))
    #expect(try tool.run("prepare", "videos", "--manifest", "list.csv", "--max-bad-fraction", "1").status == 0)
    let path = tool.path("shards/prepared.csv")
    let lines = try CommaSeparated.records(Files.read(path), source: path).map(\.fields)
    #expect(lines[0] == ["id", "start", "label", "split", "state", "reason", "file", "findings"])
    let found = Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0[0], Array($0.dropFirst())) })
    #expect(found.count == 5 && lines.count == 6)
    #expect(
      found["clip2abcdef_000002"]?.prefix(5) == ["0", "a \"loud\" bang, twice", "test", "kept", ""], "\(found)")
    #expect(found["broken00000_000007"]?[3] == "left-out" && found["broken00000_000007"]?[4] == "media.unreadable")
    #expect(found["absent00000_000001"]?[3] == "warned" && found["absent00000_000001"]?[5] == "")
    #expect(
      try tool.run("prepare", "videos", "--manifest", "list.csv", "--max-bad-fraction", "1").output.contains(
        "up to date"))
  }
}
