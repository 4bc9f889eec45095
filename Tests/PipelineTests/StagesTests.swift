import Basics
import Foundation
import Tensors
import Testing

@Suite(
  "pipeline run with stages of the user's own", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips")
)
struct StagesTests {
  static let repository = Files.parent(Files.parent(Files.parent(#filePath)))
  static let python: String? = {
    let path = ProcessInfo.processInfo.environment["PIPELINE_PYTHON"] ?? "/usr/bin/python3"
    let there = (try? Clips.shell([path, "-c", "import numpy, PIL"])) != nil
    if !there { print("SKIPPED: \(path) lacks numpy or PIL (python3-numpy, python3-pil), so no frames are embedded") }
    return there ? path : nil
  }()

  @Test("--frames-out writes frame shards without any embeddings, with the same bytes every time")
  func framesOut() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    // The byte order of these ids differs from that of their frames' keys.
    for (k, name) in ["a", "a0", "a_", "-b"].enumerated() {
      try Clips.make(tool.path("videos/\(name).mp4"), pitch: 300 + 50 * k)
    }
    try Clips.make(tool.path("videos/short.mp4"), pitch: 800, seconds: 3)
    let first = try tool.run("prepare", "videos", "--frames-out", "frames", "--frames", "2", "--jobs", "1")
    #expect(first.status == 4, "\(first.problems)")
    #expect(first.output.contains("frames: frames of 4 clips in 1 shard; 1 shard written"), "\(first.output)")
    let expected = try tool.digests("frames")
    #expect(Set(expected.keys) == ["frames-000000.tar", "frames-000000.idx", "frames.json", "sizes.json"])
    let second = try tool.run("prepare", "videos", "--frames-out", "frames", "--frames", "2", "--explain")
    #expect(second.output.contains("1 shard; up to date"), "\(second.output)")
    #expect(!second.output.contains("write-frames"))
    _ = try tool.run("prepare", "videos", "--frames-out", "again", "--frames", "2", "--workspace", "w2", "--jobs", "2")
    #expect(try tool.digests("again") == expected)
    try Files.remove(tool.path("frames/frames-000000.tar"))
    let third = try tool.run("prepare", "videos", "--frames-out", "frames", "--frames", "2", "--explain")
    #expect(third.output.contains("write-frames frames-000000.tar: output missing"), "\(third.output)")
    #expect(try tool.digests("frames") == expected)
    #expect(try tool.run("prepare", "videos", "--frames-out", "frames", "--frames", "none").status == 64)
    let listing = try tool.run("inspect", "frames/frames-000000.tar", "--all").output
    #expect(listing.contains("a_019.jpg") && listing.contains("-b_000.json") && !listing.contains("short"))
    let text = String(decoding: try Files.read(tool.path("frames/frames-000000.tar")), as: UTF8.self)
    #expect(text.contains("{\"id\":\"a_\",\"index\":3,\"time\":1.5}"))
  }

  @Test("a stage runs only when its command, an input or an output changed, and says why")
  func shellStage() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 1)
    try Files.makeDirectory(tool.path("texts/deep"))
    try Files.write("one", to: tool.path("texts/deep/a.txt"))
    func write(_ command: String) throws {
      try Files.write(
        """
        prepare:
          videos: videos
        stages:
          - name: join
            before: prepare
            run: \(command)
            inputs: [texts]
            outputs: [made/joined.txt]
        """, to: tool.path("p.yaml"))
    }
    let run = { try tool.run("run", "p.yaml", "--until", "prepare", "--explain") }
    try write("mkdir -p made && cat texts/deep/* texts/*.txt > made/joined.txt 2>/dev/null || true")
    #expect(
      try tool.run("run", "p.yaml", "--until", "prepare", "--dry-run").output.contains(
        "stage join: would run: never built"))
    let first = try run()
    #expect(first.status == 0 && first.output.contains("shell join: never built"), "\(first.output) \(first.problems)")
    #expect(first.output.contains("1 pair "))
    #expect(try run().output.contains("stage join: up to date"))
    try Files.write("two", to: tool.path("texts/b.txt"))
    #expect(try run().output.contains("shell join: input changed: texts"))
    #expect(String(decoding: try Files.read(tool.path("made/joined.txt")), as: UTF8.self) == "onetwo")
    try Files.write("x", to: tool.path("texts/.hidden"))
    #expect(try run().output.contains("stage join: up to date"))
    try Files.write("other", to: tool.path("made/joined.txt"))
    #expect(try run().output.contains("shell join: output changed: made/joined.txt"))
    try Files.remove(tool.path("made"))
    #expect(try run().output.contains("shell join: output missing: made/joined.txt"))
    try write("cat texts/deep/a.txt > made/joined.txt")
    #expect(try run().output.contains("shell join: parameter changed: run: mkdir"))
    try write("echo working; echo the reason >&2; exit 7")
    let failed = try run()
    #expect(
      failed.status == 1 && failed.problems.contains("exit status 7") && failed.problems.contains("    the reason"))
    try write("rm -f made/joined.txt")
    #expect(try run().problems.contains("declared output is not there"))
    try Files.remove(tool.path("texts"))
    #expect(try run().problems.contains("an input of a stage is not there"))
  }

  @Test("an invalid stage is a usage error with its line")
  func refusals() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let good = ["name": "s", "run": "true", "outputs": "[o]", "after": "prepare"]
    for (change, expected) in [
      (["name": ""], "no name"), (["run": ""], "no run"), (["outputs": "[]"], "no outputs"),
      (["after": "lunch"], "found after lunch"),
      (["before": "distill"], "found before distill, after prepare"), (["inputs": "[o/x]"], "never be up to date"),
      (["inputt": "x"], "did you mean inputs?"),
      (["after": "frames"], "frames-out"),
    ] {
      let lines = good.merging(change) { $1 }.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)\n" }.joined()
      try Files.write("prepare:\n  videos: videos\nstages:\n  -\n\(lines)", to: tool.path("p.yaml"))
      let outcome = try tool.run("run", "p.yaml")
      #expect(outcome.status == 64 && outcome.problems.contains(expected), "\(change): \(outcome.problems)")
    }
  }

  @Test(
    "from videos to pairs: frames, an embedder, shards; adding a clip embeds only that clip",
    .enabled(if: python != nil))
  func fromVideosAlone() throws {
    let tool = try Tool()
    defer { tool.remove() }
    let python = try #require(Self.python)
    try Files.makeDirectory(tool.path("Scripts"))
    try Files.makeDirectory(tool.path("videos"))
    let script = try Files.read("\(Self.repository)/Scripts/embed-frames")
    try Files.write(script, to: tool.path("Scripts/embed-frames"))
    let file = String(decoding: try Files.read("\(Self.repository)/Pipelines/clip-embeddings.yaml"), as: UTF8.self)
    let changed = file.replacing("run: python3", with: "run: \(python)")
      .replacing("--model ViT-B-32 --pretrained openai", with: "--stand-in")
    #expect(changed.contains("--stand-in"))
    try Files.write(changed, to: tool.path("p.yaml"))
    for k in 0..<2 { try Clips.make(tool.path("videos/\(Clips.name(k)).mp4"), pitch: 300 + 100 * k) }
    let planned = try tool.run("run", "p.yaml", "--until", "prepare", "--dry-run")
    #expect(planned.status == 0 && planned.output.contains("embed-frames"), "\(planned.output) \(planned.problems)")

    let first = try tool.run("run", "p.yaml", "--until", "prepare", "--explain")
    #expect(first.status == 0 && first.output.contains("2 pairs"), "\(first.output) \(first.problems)")
    #expect(first.problems.contains("2 clips, 2 embedded now, by stand-in"), "\(first.problems)")
    let shards = try tool.digests("shards")
    let rows = try NumpyFile.read(Files.read(tool.path("clip-embeddings/\(Clips.name(0)).npy")), source: "rows")
    #expect(rows.shape == [10, 512] && rows.type == .float32)
    let about = String(decoding: try Files.read(tool.path("clip-embeddings/embeddings.json")), as: UTF8.self)
    #expect(about == "{\"dim\": 512, \"fps\": 1.0, \"model\": \"stand-in\", \"normalised\": false}\n")

    let second = try tool.run("run", "p.yaml", "--until", "prepare", "--explain")
    #expect(
      second.output.contains("stage embed-frames: up to date") && second.output.contains("0 shards written") == false)
    #expect(try tool.digests("shards") == shards)

    // Garbage is what nothing refers to; the embedder's record is not garbage.
    #expect(try tool.run("gc", "--keep-runs", "0").status == 0)
    #expect(try tool.run("run", "p.yaml", "--until", "prepare").output.contains("stage embed-frames: up to date"))

    try Clips.make(tool.path("videos/\(Clips.name(2)).mp4"), pitch: 700)
    let plan = try tool.run("run", "p.yaml", "--until", "prepare", "--dry-run").output
    #expect(plan.contains("stage embed-frames: after frames") && plan.contains("prepare: after"), "\(plan)")
    let third = try tool.run("run", "p.yaml", "--until", "prepare", "--explain")
    #expect(
      third.output.contains("shell embed-frames: input changed: frames") && third.output.contains("3 pairs"),
      "\(third.output)")
    #expect(third.problems.contains("3 clips, 1 embedded now"), "\(third.problems)")

    // Run by hand, without the graph, the script gives the same embeddings.
    try Clips.shell([python, tool.path("Scripts/embed-frames"), tool.path("frames"), tool.path("again"), "--stand-in"])
    #expect(try tool.digests("again") == tool.digests("clip-embeddings"))
  }

  @Test("rows under the id of a clip that is cut from a longer file belong to the clip", .enabled(if: python != nil))
  func wholeVideo() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    try Clips.make(tool.path("videos/ccccccccccc.mp4"), pitch: 500, seconds: 20)
    try Files.write("ccccccccccc,5,sea,train\n", to: tool.path("list.csv"))
    #expect(try tool.run("prepare", "videos", "--manifest", "list.csv", "--frames-out", "frames").status == 4)
    try Clips.shell([
      try #require(Self.python), "\(Self.repository)/Scripts/embed-frames", tool.path("frames"), tool.path("vectors"),
      "--stand-in",
    ])
    let outcome = try tool.run("prepare", "videos", "--manifest", "list.csv", "--embeddings", "vectors")
    #expect(outcome.status == 0 && outcome.output.contains("1 pair "), "\(outcome.output) \(outcome.problems)")
    let rows = try NumpyFile.read(Files.read(tool.path("vectors/ccccccccccc_000005.npy")), source: "rows")
    let tar = try Files.read(tool.path("shards/train-000000.tar"))
    #expect(String(decoding: tar, as: UTF8.self).contains("\"rows\":10"))
    #expect(Data(tar).range(of: Data(rows.bytes[..<2048])) != nil)
  }

  /// A pipeline file with stages before, between and after the built-in ones.
  private static let everyStep =
    """
    prepare:
      videos: videos
    stages:
      - name: list
        before: prepare
        run: ls videos > list.txt
        inputs: [videos]
        outputs: [list.txt]
      - name: count
        after: prepare
        run: ls shards | wc -l > count.txt
        inputs: [shards]
        outputs: [count.txt]
      - name: sum
        after: export
        run: sha256sum weights.safetensors > sum.txt
        inputs: [weights.safetensors]
        outputs: [sum.txt]
    distill:
      batch-size: 4
      steps: 1
    export:
      file: weights.safetensors
    """

  @Test("plan names every step of the file, and run can stop after any of them")
  func planAndUntil() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 4)
    try Files.write(Self.everyStep, to: tool.path("p.yaml"))
    let bare = try tool.run("plan", "--pipeline", "p.yaml")
    let lines = bare.output.split(separator: "\n").map(String.init)
    let wanted = [
      "stage list: would run: never built", "extract-audio", "stage count: ", "distill: after prepare",
      "export weights.safetensors: after distill", "stage sum: ",
    ]
    let found = wanted.map { text in lines.firstIndex { $0.hasPrefix(text) } }
    #expect(bare.status == 0 && found == found.compactMap { $0 }.sorted(), "\(bare.output) \(bare.problems)")
    #expect(try Files.names(in: tool.directory).allSatisfy { ["videos", "embeddings", "p.yaml"].contains($0) })
    #expect(try tool.run("run", "p.yaml", "--dry-run").output == bare.output)

    #expect(try tool.run("run", "p.yaml", "--until", "list").output.contains("stage list: ran"))
    #expect(!Files.exists(tool.path("shards")))
    let prepared = try tool.run("run", "p.yaml", "--until", "prepare")
    #expect(prepared.output.contains("4 pairs") && !Files.exists(tool.path("count.txt")), "\(prepared.output)")
    #expect(try tool.run("run", "p.yaml", "--until", "count").output.contains("stage count: ran"))
    #expect(!Files.exists(tool.path("runs")))
    let ready = try tool.run("plan", "--pipeline", "p.yaml")
    #expect(ready.output.contains("stage count: up to date") && ready.output.contains("would start"), "\(ready.output)")
    let wrong = try tool.run("run", "p.yaml", "--until", "cuont")
    #expect(wrong.status == 64 && wrong.problems.contains("did you mean count?"), "\(wrong.problems)")

    #expect(try tool.run("run", "p.yaml").status == 0)
    #expect(Files.exists(tool.path("sum.txt")))
    let done = try tool.run("plan", "--pipeline", "p.yaml")
    #expect(done.output.contains("distill: run ") && done.output.contains("clips; up to date"), "\(done.output)")
    #expect(done.output.contains("stage sum: up to date"), "\(done.output)")
    try Files.write(
      "prepare:\n  videos: videos\nstages:\n  - {name: export, after: prepare, run: a, outputs: [o]}\n",
      to: tool.path("q.yaml"))
    #expect(try tool.run("run", "q.yaml").status == 64)
  }
}
