import Basics
import Corpus
import Evaluation
import Foundation
import Kernels
import Media
import Tensors
import Testing

@testable import Evaluate
@testable import pipeline

@Suite("pipeline evaluate classify", .serialized)
struct ClassifyTests {
  @Test("classify gives the same file on one thread and on two, with all rows besides the probe")
  func classify() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.set()
    try Files.write("not a sound", to: audioClips.tool.path("sounds/low/1-broken.wav"))
    for threads in ["1", "2"] {
      let outcome = try audioClips.tool.run(
        "evaluate", "classify", "--data", "sounds", "--weights", "weights.safetensors", "--fold-pattern", #"^(\d)"#,
        "--seeds", "2", "--threads", threads, "--jobs", threads, "--out", "scores-\(threads).json")
      #expect(outcome.status == 0, "\(outcome.problems)")
      #expect(outcome.problems.contains("1-broken.wav"))
    }
    for ending in ["json", "md"] {
      let files = try ["1", "2"].map { try Files.read(audioClips.tool.path("scores-\($0).\(ending)")) }
      #expect(files[0] == files[1])
    }
    let record = try audioClips.evaluation("scores-1.json")
    let rows = record.tables[0].rows
    #expect(
      rows.map(\.name) == [
        "probe, linear", "probe, MLP", "untrained, linear", "untrained, MLP", "log-mel, ridge", "log-mel, linear",
        "always the most frequent",
      ])
    #expect(record.data.clips == 36 && record.data.classes == ["high", "low", "middle"])
    #expect(record.data.leftOut.count == 1)
    // Pitches that far apart are easy for log-mel with ridge. Six values: three folds, two seeds.
    #expect(rows[4].scores["accuracy"]?.mean == 1 && rows[4].scores["accuracy"]?.values.count == 6)
    #expect(rows[6].origin == .chance && abs((rows[6].scores["accuracy"]?.mean ?? 0) - 1.0 / 3) < 1e-9)
    #expect(record.confusion[4].matrix.counts == [[12, 0, 0], [0, 12, 0], [0, 0, 12]])
  }

  @Test("named test folds form one test set; label shares give a curve; the supervised network learns from few clips")
  func supervised() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.set(folds: 2, each: 4)
    let outcome = try audioClips.tool.run(
      "evaluate", "classify", "--data", "sounds", "--weights", "weights.safetensors", "--fold-pattern", #"^(\d)"#,
      "--test-fold", "2", "--rows", "probe,supervised", "--label-fraction", "0.5", "--supervised-epochs", "20",
      "--seeds", "1", "--out", "scores.json", "--save", "saved.safetensors", "--quiet")
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try audioClips.evaluation("scores.json")
    let curve = try #require(record.curve)
    #expect(curve.fractions == [0.5, 1] && curve.clips == [6, 12])
    #expect(curve.lines.map(\.row) == ["probe, linear", "supervised"])
    let supervised = try #require(record.tables[0].rows.first { $0.name == "supervised" })
    // There are three classes, so chance is one third.
    #expect((supervised.scores["accuracy"]?.mean ?? 0) > 0.4)
    #expect(outcome.output.contains("overtake"))
    let (saved, metadata) = try SafetensorsFile.read(
      try Files.read(audioClips.tool.path("saved.safetensors")), source: "saved")
    #expect(saved["scores/probe, linear/2/0"]?.shape == [12, 3] && saved["features/probe/0"]?.shape == [24, 512])
    #expect(metadata["classes"] == #"["high","low","middle"]"#)
  }

  @Test("a table gives several labels and a fold column, and other systems' embeddings are scored beside")
  func table() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.set(folds: 2)
    var table = "filename,fold,category\n"
    try Files.makeDirectory(audioClips.tool.path("openl3"))
    for label in ["high", "low", "middle"] {
      for fold in 1...2 {
        for number in 0..<4 {
          let name = "\(label)-\(fold)-\(number)"
          try Files.rename(
            audioClips.tool.path("sounds/\(label)/\(fold)-\(number).wav"),
            to: audioClips.tool.path("sounds/\(name).wav"))
          table += "\(name).wav,\(fold),\(label)\(number % 2 == 0 ? ";even" : "")\n"
          let rows = Tensor(shape: [3, 4], floats: (0..<12).map { Float($0 * number + label.utf8.count) })
          try Files.write(try NumpyFile.bytes(of: rows), to: audioClips.tool.path("openl3/\(name).npy"))
        }
      }
    }
    try Files.write(table, to: audioClips.tool.path("sounds/meta.csv"))
    let words = [
      "evaluate", "classify", "--data", "sounds/meta.csv", "--folds", "fold", "--rows", "log-mel", "--seeds", "1",
    ]
    let outcome = try audioClips.tool.run(all: words + ["--features", "OpenL3=openl3", "--out", "scores.json"])
    #expect(outcome.status == 0, "\(outcome.problems)")
    let record = try audioClips.evaluation("scores.json")
    #expect(
      record.tables[0].columns == ["mAP", "AUC", "d′"] && record.data.classes == ["even", "high", "low", "middle"])
    #expect(record.tables[0].rows.contains { $0.name == "OpenL3, linear" })
    try Files.remove(audioClips.tool.path("openl3/low-1-2.npy"))
    let missing = try audioClips.tool.run(all: words + ["--features", "OpenL3=openl3"])
    #expect(missing.status == 1 && missing.problems.contains("23 of 24") && missing.problems.contains("low-1-2"))
  }

  @Test("refuses what cannot be evaluated, with a hint")
  func refusals() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.set(folds: 2, each: 2)
    let words = ["evaluate", "classify", "--data", "sounds", "--rows", "log-mel"]
    for (flags, status, text) in [
      (["--fold-pattern", "("], 64, "regular expression"), (["--rows", "prob"], 64, "did you mean probe?"),
      (["--fold-pattern", #"^(\d)"#, "--test-fold", "9"], 64, "expected 1, 2"),
      (["--test-fold", "1"], 64, "--fold-pattern"), (["--label-fraction", "2"], 64, "share"),
      (["--folds", "fold"], 64, "directory"), (["--label-pattern", "(x)"], 1, "no file has a label"),
      (["--fold-pattern", "(wav)"], 1, "one fold"), (["--published", "vggsond"], 64, "did you mean vggsound?"),
    ] as [([String], Int32, String)] {
      let base = flags.contains("--rows") ? Array(words.dropLast(2)) : words
      let outcome = try audioClips.tool.run(all: base + flags)
      #expect(outcome.status == status && outcome.problems.contains(text), "\(flags): \(outcome.problems)")
    }
    let none = try audioClips.tool.run("evaluate", "classify", "--data", "nowhere", "--rows", "log-mel")
    #expect(none.status == 1)
  }

  @Test("a data set is named by the last two parts of its path, so that sets with equal file names stay apart")
  func titles() {
    for (path, title) in [
      ("sounds", "sounds"), ("./sounds/", "sounds"), ("/data/esc50/meta.csv", "esc50/meta.csv"),
      ("../us8k/meta.csv", "us8k/meta.csv"), (".", "."), ("/", "/"),
    ] { #expect(DataTitle.of(path) == title) }
  }

  @Test(
    "a manifest row takes ten seconds of its video, or less of a file of its own; other files are taken whole, up to the limit of one embedding"
  )
  func lengths() throws {
    let audioClips = try AudioClips()
    defer { audioClips.tool.remove() }
    try audioClips.write("videos/abcdefghijk.wav", pitch: 440, seconds: 24, seed: 1, rate: 4000)
    try audioClips.write("videos/bbbbbbbbbbb_000005.wav", pitch: 440, seconds: 4, seed: 4)
    try audioClips.write("long.wav", pitch: 440, seconds: 60.5, seed: 2, rate: 1000)
    try audioClips.write("short.wav", pitch: 440, seconds: 0.01, seed: 3)
    try Files.write(
      "abcdefghijk,3,x,train\nabcdefghijk,14,y,test\nabcdefghijk,19,y,test\nbbbbbbbbbbb,5,x,train\n",
      to: audioClips.tool.path("m.csv"))
    var reading = EvaluationClips.Reading()
    reading.audio = audioClips.tool.path("videos")
    let clips = try EvaluationClips(audioClips.tool.path("m.csv"), reading).clips
    #expect(clips.map(\.name).last == "bbbbbbbbbbb_000005" && clips.count == 4)
    let workers = DecodeWorkers(count: 1, command: [Tool.program, DecodeWorkerCommand.word])
    let threads = WorkerThreads(1)
    defer {
      threads.stop()
      workers.stop()
    }
    let files = [clips[0].media.path, audioClips.tool.path("long.wav"), audioClips.tool.path("short.wav")]
    let loaded = try AudioLoader(.clip, workers: workers, threads: threads)
      .load((clips.map(\.audio) + files.map { .file(MediaSource($0)) })[...])
    let counts = loaded.map { loaded -> Int? in
      guard case .audio(let audio) = loaded else { return nil }
      return audio.samples.count
    }
    #expect(counts == [160_000, 160_000, nil, 64_000, 384_000, nil, nil])
    #expect(
      [2, 5, 6].map { loaded[$0].reason } == [
        "clip.short: audio to 5.0 s of 10 s", "sound.long: 60.5 s, and one embedding serves at most 60 s",
        "sound.short: 160 samples at 16 kHz",
      ])
  }
}
