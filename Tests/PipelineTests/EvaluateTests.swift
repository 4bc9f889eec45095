import Basics
import Evaluation
import Foundation
import Models
import Networks
import Media
import Tensors
import TestSupport
import Testing
import Training

@testable import Evaluate
@testable import pipeline

/// Sounds and a student made up on the spot.
private struct Sounds {
  let tool: Tool

  init() throws {
    tool = try Tool()
    try WeightFiles.write(
      StateDictionary.tensors(RandomStudent.model(seed: 5).parameters, steps: 0), metadata: ["normalization": "clip"],
      to: tool.path("weights.safetensors"))
  }

  /// 16-bit WAV of a tone in noise, at 16 kHz or at 8 kHz.
  func write(_ name: String, pitch: Double, seconds: Double, seed: UInt64, rate: Int = 16_000) throws {
    var random = SeededRandom(seed: seed)
    var bytes: [UInt8] = []
    func add<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    let count = Int(seconds * Double(rate))
    bytes += Array("RIFF".utf8)
    add(UInt32(36 + 2 * count))
    bytes += Array("WAVEfmt ".utf8)
    add(UInt32(16))
    for value in [UInt16(1), 1] { add(value) }
    add(UInt32(rate))
    add(UInt32(2 * rate))
    for value in [UInt16(2), 16] { add(value) }
    bytes += Array("data".utf8)
    add(UInt32(2 * count))
    for i in 0..<count {
      let tone = sin(2 * .pi * pitch * Double(i) / Double(rate))
      add(Int16(8000 * tone + 2000 * (2 * random.uniform() - 1)))
    }
    try Files.makeFolder(Files.parent(tool.path(name)))
    try Files.write(bytes, to: tool.path(name))
  }

  /// `sounds/<class>/<fold>-<number>.wav`: three classes by pitch, of lengths from 0.3 to 0.7 s.
  func set(folds: Int = 3, each: Int = 4) throws {
    for (label, pitch) in [("high", 3000.0), ("low", 300), ("middle", 1000)] {
      for fold in 1...folds {
        for number in 0..<each {
          let seed = UInt64(fold * 100 + number)
          let name = "sounds/\(label)/\(fold)-\(number).wav"
          try write(
            name, pitch: pitch * (1 + 0.05 * Double(number)), seconds: 0.3 + 0.1 * Double((fold + number) % 5),
            seed: seed,
            rate: number % 2 == 0 ? 16_000 : 8000)
        }
      }
    }
  }

  /// The student with a bias that is no number.
  func writeBroken(_ name: String) throws {
    var (weights, metadata) = try WeightFiles.read(tool.path("weights.safetensors"))
    var values = [Float](repeating: 0, count: 512)
    values[7] = .nan
    weights.set("audio_transform.sequential.3.bias", Tensor(shape: [512], floats: values))
    metadata["note"] = "broken"
    try WeightFiles.write(weights, metadata: metadata, to: tool.path(name))
  }

  func evaluation(_ name: String) throws -> EvaluationRecord {
    let file = try CanonicalJSON.decode(
      EvaluationFile.self, from: try Files.read(tool.path(name)), source: name)
    return try #require(file.evaluations.first)
  }
}

@Suite("pipeline evaluate", .serialized)
struct EvaluateTests {
  private static let student = ["--weights", "weights.safetensors"]
  private static let folds = ["--fold-pattern", #"^(\d)"#]

  @Test("classify gives the same file on one thread and on two, with every row beside the probe")
  func classify() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.set()
    try Files.write("not a sound", to: sounds.tool.path("sounds/low/1-broken.wav"))
    for threads in ["1", "2"] {
      let outcome = try sounds.tool.run(
        "evaluate", "classify", "--data", "sounds", "--weights", "weights.safetensors", "--fold-pattern", #"^(\d)"#,
        "--seeds", "2", "--threads", threads, "--jobs", threads, "--out", "scores-\(threads).json")
      #expect(outcome.status == 0, "\(outcome.problems)")
      #expect(outcome.problems.contains("1-broken.wav"))
    }
    for ending in ["json", "md"] {
      let files = try ["1", "2"].map { try Files.read(sounds.tool.path("scores-\($0).\(ending)")) }
      #expect(files[0] == files[1])
    }
    let record = try sounds.evaluation("scores-1.json")
    let rows = record.tables[0].rows
    #expect(
      rows.map(\.name) == [
        "probe, linear", "probe, MLP", "untrained, linear", "untrained, MLP", "log-mel, ridge", "log-mel, linear",
        "always the most frequent",
      ])
    #expect(record.data.clips == 36 && record.data.classes == ["high", "low", "middle"])
    #expect(record.data.leftOut.count == 1)
    // Pitches apart are easy for the floor; six values: three folds, two seeds.
    #expect(rows[4].scores["accuracy"]?.mean == 1 && rows[4].scores["accuracy"]?.values.count == 6)
    #expect(rows[6].origin == .chance && abs((rows[6].scores["accuracy"]?.mean ?? 0) - 1.0 / 3) < 1e-9)
    #expect(record.confusion[4].matrix.counts == [[12, 0, 0], [0, 12, 0], [0, 0, 12]])
  }

  @Test("named folds are one test set; shares of the labels give a curve; the supervised network learns from few")
  func supervised() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.set(folds: 2, each: 4)
    let outcome = try sounds.tool.run(
      "evaluate", "classify", "--data", "sounds", "--weights", "weights.safetensors", "--fold-pattern", #"^(\d)"#,
      "--test-fold", "2", "--rows", "probe,supervised", "--label-fraction", "0.5", "--supervised-epochs", "20",
      "--seeds", "1", "--out", "scores.json", "--save", "saved.safetensors", "--quiet")
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try sounds.evaluation("scores.json")
    let curve = try #require(record.curve)
    #expect(curve.fractions == [0.5, 1] && curve.clips == [6, 12])
    #expect(curve.lines.map(\.row) == ["probe, linear", "supervised"])
    let supervised = try #require(record.tables[0].rows.first { $0.name == "supervised" })
    // Three classes: a third is chance.
    #expect((supervised.scores["accuracy"]?.mean ?? 0) > 0.4)
    #expect(outcome.output.contains("overtake"))
    let (saved, metadata) = try SafetensorsFile.read(
      try Files.read(sounds.tool.path("saved.safetensors")), source: "saved")
    #expect(saved["scores/probe, linear/2/0"]?.shape == [12, 3] && saved["features/probe/0"]?.shape == [24, 512])
    #expect(metadata["classes"] == #"["high","low","middle"]"#)
  }

  @Test("a table gives several labels, folds by column, and vectors of other systems stand beside")
  func table() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.set(folds: 2)
    var table = "filename,fold,category\n"
    try Files.makeFolder(sounds.tool.path("openl3"))
    for label in ["high", "low", "middle"] {
      for fold in 1...2 {
        for number in 0..<4 {
          let name = "\(label)-\(fold)-\(number)"
          try Files.rename(
            sounds.tool.path("sounds/\(label)/\(fold)-\(number).wav"), to: sounds.tool.path("sounds/\(name).wav"))
          table += "\(name).wav,\(fold),\(label)\(number % 2 == 0 ? ";even" : "")\n"
          let rows = Tensor(shape: [3, 4], floats: (0..<12).map { Float($0 * number + label.utf8.count) })
          try Files.write(try NumpyFile.bytes(of: rows), to: sounds.tool.path("openl3/\(name).npy"))
        }
      }
    }
    try Files.write(table, to: sounds.tool.path("sounds/meta.csv"))
    let words = [
      "evaluate", "classify", "--data", "sounds/meta.csv", "--folds", "fold", "--rows", "log-mel", "--seeds", "1",
    ]
    let outcome = try sounds.tool.run(all: words + ["--features", "OpenL3=openl3", "--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try sounds.evaluation("scores.json")
    #expect(
      record.tables[0].columns == ["mAP", "AUC", "d′"] && record.data.classes == ["even", "high", "low", "middle"])
    #expect(record.tables[0].rows.contains { $0.name == "OpenL3, linear" })
    try Files.remove(sounds.tool.path("openl3/low-1-2.npy"))
    let missing = try sounds.tool.run(all: words + ["--features", "OpenL3=openl3"])
    #expect(missing.status == 1 && missing.problems.contains("23 of 24") && missing.problems.contains("low-1-2"))
  }

  @Test("refuses what cannot be evaluated, with a way out")
  func refusals() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.set(folds: 2, each: 2)
    let words = ["evaluate", "classify", "--data", "sounds", "--rows", "log-mel"]
    for (flags, status, text) in [
      (["--fold-pattern", "("], 64, "regular expression"), (["--rows", "prob"], 64, "did you mean probe?"),
      (["--fold-pattern", #"^(\d)"#, "--test-fold", "9"], 64, "expected 1, 2"),
      (["--test-fold", "1"], 64, "--fold-pattern"), (["--label-fraction", "2"], 64, "share"),
      (["--folds", "fold"], 64, "folder"), (["--label-pattern", "(x)"], 1, "no file has a label"),
      (["--fold-pattern", "(wav)"], 1, "one fold"), (["--published", "vggsond"], 64, "did you mean vggsound?"),
    ] as [([String], Int32, String)] {
      let base = flags.contains("--rows") ? Array(words.dropLast(2)) : words
      let outcome = try sounds.tool.run(all: base + flags)
      #expect(outcome.status == status && outcome.problems.contains(text), "\(flags): \(outcome.problems)")
    }
    let none = try sounds.tool.run("evaluate", "classify", "--data", "nowhere", "--rows", "log-mel")
    #expect(none.status == 1)
  }

  @Test("zero-shot stores prompt and order, and says when labels have no vectors")
  func zeroShot() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.set(folds: 1, each: 2)
    var random = SeededRandom(seed: 1)
    let vectors = Tensor(shape: [3, 512], floats: (0..<3 * 512).map { _ in Float(random.normal()) })
    let words = ["evaluate", "zero-shot", "--data", "sounds"] + Self.student
    var tensors = NamedTensors()
    try tensors.add("vectors", vectors)
    for (name, labels) in [("good", #"["low","middle","high"]"#), ("other", #"["lo","mid","hi"]"#)] {
      let file = try OutputFile(sounds.tool.path("\(name).safetensors"))
      try SafetensorsFile.write(tensors, metadata: ["names": labels, "prompt": "the sound of {}"], to: file)
      try file.commit()
    }
    let outcome = try sounds.tool.run(all: words + ["--text", "good.safetensors", "--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try sounds.evaluation("scores.json")
    #expect(record.prompts?.labels == ["low", "middle", "high"] && record.prompts?.prompt == "the sound of {}")
    #expect(record.tables[0].rows[1].scores["accuracy"]?.mean == 1.0 / 3)
    let other = try sounds.tool.run(all: words + ["--text", "other.safetensors"])
    #expect(other.status == 1 && other.problems.contains("no clip's label"))
    try Files.write(try NumpyFile.bytes(of: vectors), to: sounds.tool.path("words.npy"))
    #expect(try sounds.tool.run(all: words + ["--text", "words.npy"]).problems.contains("have no names"))
    try Files.write("low\nmiddle\nhigh\n", to: sounds.tool.path("words.txt"))
    let plain = try sounds.tool.run(all: words + ["--text", "words.npy", "--out", "plain.json"])
    #expect(plain.status == 0)
    #expect(try sounds.evaluation("plain.json").tables == record.tables)
  }

  @Test("weights that give no numbers are refused with the first clip, in place of scores", .timeLimit(.minutes(1)))
  func notFinite() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.set(folds: 1, each: 2)
    try sounds.writeBroken("broken.safetensors")
    try Files.write("file,start,end,label\n1-0.wav,0,1,a\n", to: sounds.tool.path("sounds/low/t.csv"))
    try sounds.write("sounds/low/1-0.wav", pitch: 440, seconds: 3, seed: 1)
    let vectors = Tensor(shape: [3, 512], floats: (0..<3 * 512).map { Float($0 % 7) })
    try Files.write(try NumpyFile.bytes(of: vectors), to: sounds.tool.path("words.npy"))
    try Files.write("low\nmiddle\nhigh\n", to: sounds.tool.path("words.txt"))
    for (words, clip) in [
      (["classify", "--data", "sounds", "--rows", "probe"], "high/1-0.wav"),
      (["zero-shot", "--data", "sounds", "--text", "words.npy"], "high/1-0.wav"),
      (["retrieve", "--shards", "none", "--timeline", "sounds/low/t.csv"], "1-0.wav, second 0"),
    ] {
      let outcome = try sounds.tool.run(all: ["evaluate"] + words + ["--weights", "broken.safetensors"])
      #expect(outcome.status == 1 && outcome.problems.contains("NaN or Inf: \(clip)"), "\(outcome.problems)")
      #expect(outcome.problems.contains("weights "), "\(outcome.problems)")
    }
  }

  @Test("words are asked for the clips that have their label, and for no others")
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
    #expect(record.title == "vectors of clips.safetensors")
  }

  @Test("data are called by the last two parts of their path, so that sets with files of one name stay apart")
  func titles() {
    for (path, title) in [
      ("sounds", "sounds"), ("./sounds/", "sounds"), ("/data/esc50/meta.csv", "esc50/meta.csv"),
      ("../us8k/meta.csv", "us8k/meta.csv"), (".", "."), ("/", "/"),
    ] { #expect(DataTitle.of(path) == title) }
  }

  @Test("a manifest's row is ten seconds of its file; other files are taken whole, up to what one vector serves")
  func lengths() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.write("videos/abcdefghijk.wav", pitch: 440, seconds: 24, seed: 1, rate: 4000)
    try sounds.write("long.wav", pitch: 440, seconds: 60.5, seed: 2, rate: 1000)
    try sounds.write("short.wav", pitch: 440, seconds: 0.01, seed: 3)
    try Files.write(
      "abcdefghijk,3,x,train\nabcdefghijk,14,y,test\nabcdefghijk,19,y,test\n", to: sounds.tool.path("m.csv"))
    var reading = EvaluationClips.Reading()
    reading.audio = sounds.tool.path("videos")
    let clips = try EvaluationClips(sounds.tool.path("m.csv"), reading).clips
    #expect(clips.map(\.startSeconds) == [3, 14, 19] && clips.allSatisfy { $0.seconds == 10 })
    let workers = DecodeWorkers(count: 1, command: [Tool.program, DecodeWorkerCommand.word])
    let threads = WorkerThreads(1)
    defer {
      threads.stop()
      workers.stop()
    }
    let files = [clips[0].path, sounds.tool.path("long.wav"), sounds.tool.path("short.wav")]
    let loaded = try AudioLoader(.clip, workers: workers, threads: threads)
      .load((clips.map(\.audio) + files.map { .file($0) })[...])
    let counts = loaded.map { loaded -> Int? in
      guard case .audio(let audio) = loaded else { return nil }
      return audio.samples.count
    }
    #expect(counts == [160_000, 160_000, nil, 384_000, nil, nil])
    #expect(
      [2, 4, 5].map { loaded[$0].reason } == [
        "clip.short: sound to 5.0 s of 10 s", "sound.long: 60.5 s, and one vector serves at most 60 s",
        "sound.short: 160 samples at 16 kHz",
      ])
  }

  @Test("labels after half a minute of a recording count; one over ten minutes is refused")
  func longTimeline() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try sounds.write("line/0.wav", pitch: 440, seconds: 34, seed: 0, rate: 4000)
    try sounds.write("line/1.wav", pitch: 440, seconds: 3, seed: 1)
    try sounds.write("line/long.wav", pitch: 440, seconds: 601, seed: 2, rate: 1000)
    let words = ["evaluate", "retrieve", "--shards", "none", "--timeline", "line/t.csv"] + Self.student
    try Files.write("0.wav,31,33,a\n1.wav,0,1,a\n", to: sounds.tool.path("line/t.csv"))
    let outcome = try sounds.tool.run(all: words + ["--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try sounds.evaluation("scores.json")
    #expect(record.tables[0].rows[0].scores["queries"]?.mean == 2 && record.title == "line/t.csv")
    try Files.write("long.wav,0,1,a\n", to: sounds.tool.path("line/t.csv"))
    let refused = try sounds.tool.run(all: words)
    #expect(
      refused.status == 1 && refused.problems.contains("long.wav") && refused.problems.contains("at most 600 s"),
      "\(refused.problems)")
  }

  @Test("a timeline ranks the seconds of recordings")
  func timeline() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    for number in 0..<2 { try sounds.write("line/\(number).wav", pitch: 440, seconds: 4, seed: UInt64(number)) }
    try Files.write("file,start,end,label\n0.wav,0,1,a\n0.wav,1,4,b\n1.wav,0,2,a\n", to: sounds.tool.path("line/t.csv"))
    let words = ["evaluate", "retrieve", "--shards", "none", "--timeline", "line/t.csv"] + Self.student
    let outcome = try sounds.tool.run(all: words + ["--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let rows = try sounds.evaluation("scores.json").tables[0].rows
    // b stands in one recording alone, so no other gives an example of it.
    #expect(rows.map(\.name) == ["example", "chance, example"] && rows[0].scores["queries"]?.mean == 2)
    #expect(rows[1].scores["first is right"]?.mean == 0.375)
    try Files.write("0.wav,3,1,a\n", to: sounds.tool.path("line/t.csv"))
    #expect(try sounds.tool.run(all: words).problems.contains("line 1"))
  }

  @Test(
    "retrieve scores what it saved alike, and evaluation clips that were trained on are told",
    .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
  func shards() throws {
    let sounds = try Sounds()
    defer { sounds.tool.remove() }
    try Clips.set(sounds.tool, count: 4)
    let prepared = try sounds.tool.run("prepare", "videos", "--frames", "none")
    #expect(prepared.status == 0, "\(prepared.problems)")
    let outcome = try sounds.tool.run(
      all: ["evaluate", "retrieve", "--split", "train", "--save", "saved.safetensors", "--out", "a.json"] + Self.student
    )
    #expect(outcome.status == 0 && outcome.problems.contains("training clips"), "\(outcome.problems)")
    #expect(try sounds.evaluation("a.json").title == "train clips of shards")
    try sounds.writeBroken("broken.safetensors")
    let broken = try sounds.tool.run(
      "evaluate", "retrieve", "--split", "train", "--weights", "broken.safetensors", "--out", "a.json")
    #expect(broken.status == 1 && broken.problems.contains("NaN or Inf: \(Clips.name(0))"), "\(broken.problems)")
    #expect(
      try sounds.tool.run("evaluate", "retrieve", "--vectors", "saved.safetensors", "--out", "b.json").status == 0)
    let rows = try ["a.json", "b.json"].map { try sounds.evaluation($0).tables[0].rows }
    #expect(rows[0] == rows[1] && rows[0][1].origin == .chance && rows[0][1].scores["R@1"]?.mean == 0.25)
    let classified = try sounds.tool.run(
      all: [
        "evaluate", "classify", "--data", "videos", "--label-pattern", "^(clip[0-3])", "--rows",
        "log-mel",
        "--fold-pattern", #"clip(\d)"#, "--test-fold", "1", "--out", "c.json",
      ])
    #expect(classified.status == 0, "\(classified.problems)")
    #expect(classified.problems.contains("1 of 1 evaluation clips were in the training data"))
  }
}
