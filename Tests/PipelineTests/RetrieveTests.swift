import Basics
import Evaluation
import Foundation
import Tensors
import Testing

@Suite("pipeline evaluate retrieve and zero-shot", .serialized)
struct RetrieveTests {
  private static let student = ["--weights", "weights.safetensors"]

  @Test("zero-shot stores prompt and order, and says when labels have no embeddings")
  func zeroShot() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.set(folds: 1, each: 2)
    var random = SeededRandom(seed: 1)
    let embeddings = Tensor(shape: [3, 512], floats: (0..<3 * 512).map { _ in Float(random.normal()) })
    let words = ["evaluate", "zero-shot", "--data", "sounds"] + Self.student
    var tensors = NamedTensors()
    try tensors.add("vectors", embeddings)
    for (name, labels) in [("good", #"["low","middle","high"]"#), ("other", #"["lo","mid","hi"]"#)] {
      let file = try OutputFile(audioClips.tool.path("\(name).safetensors"))
      try SafetensorsFile.write(tensors, metadata: ["names": labels, "prompt": "the sound of {}"], to: file)
      try file.commit()
    }
    let outcome = try audioClips.tool.run(all: words + ["--text", "good.safetensors", "--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try audioClips.evaluation("scores.json")
    #expect(record.prompts?.labels == ["low", "middle", "high"] && record.prompts?.prompt == "the sound of {}")
    #expect(record.tables[0].rows[1].scores["accuracy"]?.mean == 1.0 / 3)
    let other = try audioClips.tool.run(all: words + ["--text", "other.safetensors"])
    #expect(other.status == 1 && other.problems.contains("no clip's label"))
    try Files.write(try NumpyFile.bytes(of: embeddings), to: audioClips.tool.path("words.npy"))
    #expect(try audioClips.tool.run(all: words + ["--text", "words.npy"]).problems.contains("have no names"))
    try Files.write("low\nmiddle\nhigh\n", to: audioClips.tool.path("words.txt"))
    let plain = try audioClips.tool.run(all: words + ["--text", "words.npy", "--out", "plain.json"])
    #expect(plain.status == 0)
    #expect(try audioClips.evaluation("plain.json").tables == record.tables)
  }

  @Test("weights that give NaN are refused, naming the first clip", .timeLimit(.minutes(1)))
  func notFinite() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.set(folds: 1, each: 2)
    try audioClips.writeBroken("broken.safetensors")
    try Files.write("file,start,end,label\n1-0.wav,0,1,a\n", to: audioClips.tool.path("sounds/low/t.csv"))
    try audioClips.write("sounds/low/1-0.wav", pitch: 440, seconds: 3, seed: 1)
    let embeddings = Tensor(shape: [3, 512], floats: (0..<3 * 512).map { Float($0 % 7) })
    try Files.write(try NumpyFile.bytes(of: embeddings), to: audioClips.tool.path("words.npy"))
    try Files.write("low\nmiddle\nhigh\n", to: audioClips.tool.path("words.txt"))
    for (words, clip) in [
      (["classify", "--data", "sounds", "--rows", "probe"], "high/1-0.wav"),
      (["zero-shot", "--data", "sounds", "--text", "words.npy"], "high/1-0.wav"),
      (["retrieve", "--shards", "none", "--timeline", "sounds/low/t.csv"], "1-0.wav, second 0"),
    ] {
      let outcome = try audioClips.tool.run(all: ["evaluate"] + words + ["--weights", "broken.safetensors"])
      #expect(outcome.status == 1 && outcome.problems.contains("NaN or Inf: \(clip)"), "\(outcome.problems)")
      #expect(outcome.problems.contains("weights "), "\(outcome.problems)")
    }
  }

  @Test("each word counts only the clips with its label as correct")
  func words() throws {
    let tool = try Tool()
    defer { tool.remove() }
    func write(_ name: String, _ metadata: [String: String], _ rows: [(String, [[Float]])]) throws {
      var tensors = NamedTensors()
      for (name, rows) in rows {
        try tensors.add(name, Tensor(shape: [rows.count, 2], floats: rows.flatMap { $0 }))
      }
      let file = try OutputFile(tool.path(name))
      try SafetensorsFile.write(tensors, metadata: metadata, to: file)
      try file.commit()
    }
    let rows: [[Float]] = [[1, 0], [1, 0.1], [0, 1]]
    try write("clips.safetensors", ["labels": #"["a","a","b"]"#], [("audio", rows), ("image", rows)])
    try write(
      "words.safetensors", ["names": #"["c","a","d","b"]"#], [("vectors", [[1, 1], [1, 0], [1, -1], [0, 1]])])
    let outcome = try tool.run(
      "evaluate", "retrieve", "--vectors", "clips.safetensors", "--text", "words.safetensors", "--out", "s.json")
    #expect(outcome.status == 0, "\(outcome.problems)")
    let file = try CanonicalJSON.decode(EvaluationFile.self, from: try Files.read(tool.path("s.json")), source: "s")
    let record = try #require(file.evaluations.first)
    let row = try #require(record.tables[0].rows.first { $0.name == "text → audio" })
    #expect(row.scores["queries"]?.mean == 2 && row.scores["R@1"]?.mean == 1 && row.scores["class mAP"]?.mean == 1)
    let back = try #require(record.tables[0].rows.first { $0.name == "audio → text" })
    #expect(back.scores["gallery"]?.mean == 4)
    #expect(record.title == "embeddings of clips.safetensors")
  }

  @Test("labels after the first half minute of a recording count; a recording over ten minutes is refused")
  func longTimeline() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.write("line/0.wav", pitch: 440, seconds: 34, seed: 0, rate: 4000)
    try audioClips.write("line/1.wav", pitch: 440, seconds: 3, seed: 1)
    try audioClips.write("line/long.wav", pitch: 440, seconds: 601, seed: 2, rate: 1000)
    let words = ["evaluate", "retrieve", "--shards", "none", "--timeline", "line/t.csv"] + Self.student
    try Files.write("0.wav,31,33,a\n1.wav,0,1,a\n", to: audioClips.tool.path("line/t.csv"))
    let outcome = try audioClips.tool.run(all: words + ["--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try audioClips.evaluation("scores.json")
    #expect(record.tables[0].rows[0].scores["queries"]?.mean == 2 && record.title == "line/t.csv")
    try Files.write("long.wav,0,1,a\n", to: audioClips.tool.path("line/t.csv"))
    let refused = try audioClips.tool.run(all: words)
    #expect(
      refused.status == 1 && refused.problems.contains("long.wav") && refused.problems.contains("at most 600 s"),
      "\(refused.problems)")
  }

  @Test("a timeline ranks the seconds of recordings")
  func timeline() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    for number in 0..<2 { try audioClips.write("line/\(number).wav", pitch: 440, seconds: 4, seed: UInt64(number)) }
    try Files.write(
      "file,start,end,label\n0.wav,0,1,a\n0.wav,1,4,b\n1.wav,0,2,a\n", to: audioClips.tool.path("line/t.csv"))
    let words = ["evaluate", "retrieve", "--shards", "none", "--timeline", "line/t.csv"] + Self.student
    let outcome = try audioClips.tool.run(all: words + ["--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let rows = try audioClips.evaluation("scores.json").tables[0].rows
    // b is in one recording only, so no other recording gives an example of it.
    #expect(rows.map(\.name) == ["example", "chance, example"] && rows[0].scores["queries"]?.mean == 2)
    #expect(rows[1].scores["first is right"]?.mean == 0.375)
    try Files.write("0.wav,3,1,a\n", to: audioClips.tool.path("line/t.csv"))
    #expect(try audioClips.tool.run(all: words).problems.contains("line 1"))
  }

  @Test(
    "retrieve gives saved embeddings the same scores, and reports evaluation clips that were trained on",
    .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
  func shards() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try Clips.set(audioClips.tool, count: 4)
    let prepared = try audioClips.tool.run("prepare", "videos", "--frames", "none")
    #expect(prepared.status == 0, "\(prepared.problems)")
    let outcome = try audioClips.tool.run(
      all: ["evaluate", "retrieve", "--split", "train", "--save", "saved.safetensors", "--out", "a.json"] + Self.student
    )
    #expect(outcome.status == 0 && outcome.problems.contains("training clips"), "\(outcome.problems)")
    #expect(try audioClips.evaluation("a.json").title == "train clips of shards")
    try audioClips.writeBroken("broken.safetensors")
    let broken = try audioClips.tool.run(
      "evaluate", "retrieve", "--split", "train", "--weights", "broken.safetensors", "--out", "a.json")
    #expect(broken.status == 1 && broken.problems.contains("NaN or Inf: \(Clips.name(0))"), "\(broken.problems)")
    #expect(
      try audioClips.tool.run("evaluate", "retrieve", "--embeddings", "saved.safetensors", "--out", "b.json").status
        == 0)
    let rows = try ["a.json", "b.json"].map { try audioClips.evaluation($0).tables[0].rows }
    #expect(rows[0] == rows[1] && rows[0][1].origin == .chance && rows[0][1].scores["R@1"]?.mean == 0.25)
    let classified = try audioClips.tool.run(
      all: [
        "evaluate", "classify", "--data", "videos", "--label-pattern", "^(clip[0-3])", "--rows",
        "log-mel",
        "--fold-pattern", #"clip(\d)"#, "--test-fold", "1", "--out", "c.json",
      ])
    #expect(classified.status == 0, "\(classified.problems)")
    #expect(classified.problems.contains("1 of 1 evaluation clips were in the training data"))
  }
}
