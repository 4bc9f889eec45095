import Audio
import Basics
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Embed
@testable import Wav2CLIP

@Suite("pipeline embed", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the sounds"))
struct EmbedTests {
  /// A folder with four sounds, a text, and random weights.
  private func sounds() throws -> Tool {
    let tool = try Tool()
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeFolder(tool.path("sounds/deep"))
    for (index, name) in ["a.wav", "deep/b.flac", "c.mp3", "d.mp4"].enumerated() {
      try Clips.tone(tool.path("sounds/\(name)"), pitch: 300 + 90 * index, seconds: 2.5 + Double(index))
    }
    try Files.write("no sound", to: tool.path("sounds/notes.txt"))
    return tool
  }

  private func table(_ tool: Tool, _ name: String) throws -> [String: [Float]] {
    let tensor = try NumpyFile.read(try Files.read(tool.path("\(name).npy")), source: name)
    let values = try tensor.floats()
    let keys = String(decoding: try Files.read(tool.path("\(name).keys.txt")), as: UTF8.self).split(separator: "\n")
    try #require(tensor.shape == [keys.count, 512])
    return Dictionary(
      uniqueKeysWithValues: keys.enumerated().map { (String($1), Array(values[$0 * 512..<($0 + 1) * 512])) })
  }

  /// The largest distance between vectors of the same key, as a share of the expected one's norm.
  private func distance(_ found: [String: [Float]], _ expected: [String: [Float]]) throws -> Float {
    try #require(Set(found.keys) == Set(expected.keys))
    return expected.map { key, row in
      let other = found[key] ?? []
      let square = zip(row, other).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (square / row.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }.max() ?? .infinity
  }

  @Test("every kind of output holds the same vectors; a bad file is one line and the exit status says so")
  func outputs() throws {
    let tool = try sounds()
    defer { tool.remove() }
    let first = try tool.run("embed", "sounds", "--weights", "w.bin", "--out", "v.npy", "--jobs", "1", "--threads", "1")
    #expect(first.status == 3, "\(first.problems)")
    #expect(first.output.contains("left out  notes.txt  media.unreadable"), "\(first.output)")
    #expect(first.output.contains("v.npy: 4 sounds, 512 wide"))
    let expected = try table(tool, "v")
    #expect(Set(expected.keys) == ["a", "b", "c", "d"])
    for out in ["v.npz", "v.safetensors", "v.tar", "v.jsonl", "u.npy"] {
      let outcome = try tool.run(
        "embed", "sounds", "--weights", "w.bin", "--out", out, "--jobs", "3", "--threads", "2", "--max-bad-fraction",
        "1")
      #expect(outcome.status == 0, "\(out): \(outcome.problems)")
    }
    #expect(try Digest.ofFile(tool.path("u.npy")) == Digest.ofFile(tool.path("v.npy")))
    let (tensors, metadata) = try SafetensorsFile.read(try Files.read(tool.path("v.safetensors")), source: "v")
    #expect(metadata["keys"] == #"["a","b","c","d"]"# && metadata["space"] == "clip")
    #expect(try tensors.required("embeddings").floats() == ["a", "b", "c", "d"].flatMap { expected[$0] ?? [] })
    let lines = String(decoding: try Files.read(tool.path("v.jsonl")), as: UTF8.self).split(separator: "\n")
    struct Line: Decodable {
      var id: String
      var embedding: [Float]
    }
    for line in lines {
      let value = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
      #expect(value.embedding == expected[value.id])
    }
    #expect(lines.count == 4)
    let listing = try tool.run("inspect", "v.npz").output
    #expect(listing.contains("float32  [512]"), "\(listing)")
    if Python.hasNumpy {
      let said = try Python.run(
        """
        import sys, io, json, tarfile, numpy as np
        table = np.load(sys.argv[1] + "/v.npy"); archive = np.load(sys.argv[1] + "/v.npz")
        tar = tarfile.open(sys.argv[1] + "/v.tar")
        for row, key in zip(table, "abcd"):
            assert (archive[key] == row).all()
            assert (np.load(io.BytesIO(tar.extractfile(key + ".npy").read())) == row).all()
            assert json.load(tar.extractfile(key + ".json"))["id"] == key
        print(table.shape)
        """, tool.folder)
      #expect(said == "(4, 512)\n")
    }
    #expect(try Files.names(in: tool.folder).allSatisfy { !$0.hasPrefix(".") || $0.hasSuffix(".lock") })
  }

  @Test("folders and keys, the tool's own shards, a manifest's excerpts")
  func inputs() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeFolder(tool.path("s/x"))
    try Files.makeFolder(tool.path("s/y"))
    try Clips.tone(tool.path("s/x/1.wav"), pitch: 300, seconds: 1)
    try Clips.tone(tool.path("s/y/1.wav"), pitch: 400, seconds: 1)
    let collided = try tool.run("embed", "s", "--weights", "w.bin", "--out", "v.npy")
    #expect(collided.status == 1 && collided.output.contains("id.collision"))
    #expect(try tool.run("embed", "s", "--weights", "w.bin", "--out", "v.npy", "--keys", "path").status == 0)
    #expect(try Set(table(tool, "v").keys) == ["x/1", "y/1"])

    try Files.makeFolder(tool.path("videos"))
    try Clips.make(tool.path("videos/whole.mp4"), pitch: 500, seconds: 25)
    try Files.write("id,start,label,split\nwhole,5,x,test\nwhole,20,x,test\nabsent,0,x,test\n", to: tool.path("m.csv"))
    let excerpts = try tool.run(
      "embed", "videos", "--manifest", "m.csv", "--weights", "w.bin", "--out", "m.npy", "--max-bad-fraction", "1")
    #expect(excerpts.status == 0, "\(excerpts.problems)")
    #expect(excerpts.output.contains("clip.short") && excerpts.problems.contains("1 rows of the manifest"))
    let cut = try AudioEmbedder(weights: tool.path("w.bin")).embed(
      Array(try Clips.samples(tool.path("videos/whole.mp4"), in: tool)[80_000..<240_000]), sampleRate: 16_000)
    #expect(try distance(table(tool, "m"), ["whole_000005": cut]) < 1e-3)

    try Clips.set(tool, count: 2)
    _ = try tool.run("prepare", "videos", "--embeddings", "embeddings", "--frames", "none", "--max-bad-fraction", "1")
    #expect(try tool.run("embed", "shards", "--weights", "w.bin", "--out", "t.npy").problems.contains("--split train"))
    #expect(try tool.run("embed", "shards", "--split", "train", "--weights", "w.bin", "--out", "t.npy").status == 0)
    // The same vectors as of the FLAC files that the shards hold.
    try Files.makeFolder(tool.path("flac"))
    try Clips.shell([
      "tar", "-xf", tool.path("shards/train-000000.tar"), "-C", tool.path("flac"), "--wildcards", "*.flac",
    ])
    #expect(try tool.run("embed", "flac", "--weights", "w.bin", "--out", "f.npy").status == 0)
    #expect(try table(tool, "t") == table(tool, "f"))
    #expect(try tool.run("embed", "videos", "--split", "test", "--weights", "w.bin", "--out", "t.npy").status == 64)
    #expect(try tool.run("embed", "videos", "--weights", "w.bin", "--out", "t.h5").status == 64)
    #expect(try tool.run("embed", "videos", "--out", "t.npy").problems.contains("--weights"))
  }

  @Test("a sound over a minute is refused with a hint, and has windows; what fills no window is dropped")
  func lengths() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Clips.shell(
      [
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=61.7:c=pink:r=8000:a=0.4:seed=2",
        tool.path("long.wav"),
      ])
    let refused = try tool.run("embed", "long.wav", "--weights", "w.bin", "--out", "v.npy")
    #expect(refused.status == 1)
    #expect(refused.problems.contains("61.7 s") && refused.problems.contains("--windows"), "\(refused.problems)")
    #expect(!Files.exists(tool.path("v.npy")))
    for (hop, count) in [("1", 61), ("0.5", 122), ("20", 4)] {
      let outcome = try tool.run("embed", "long.wav", "--weights", "w.bin", "--windows", "--hop", hop, "--out", "v.npy")
      #expect(outcome.status == 0 && outcome.output.contains("\(count) windows of 1 sounds"), "\(outcome.output)")
      #expect(try table(tool, "v").count == count)
    }
    try Clips.tone(tool.path("short.wav"), pitch: 300, seconds: 0.9)
    let short = try tool.run("embed", "short.wav", "--weights", "w.bin", "--windows", "--out", "v.npz")
    #expect(short.status == 1 && short.problems.contains("sound.short"))
    #expect(try tool.run("embed", "short.wav", "--weights", "w.bin", "--out", "v.npz").status == 0)
    #expect(try tool.run("embed", "short.wav", "--weights", "w.bin", "--hop", "1", "--out", "v.npz").status == 64)
  }

  @Test("a sound too long for memory gives, in two passes, the bits that the library gives for the whole")
  func twoPasses() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Clips.shell(
      [
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=425.5:c=pink:r=16000:a=0.4:seed=2", "-c:a",
        "pcm_f32le",
        tool.path("long.wav"),
      ])
    let outcome = try tool.run(
      "embed", "long.wav", "--weights", "w.bin", "--windows", "--hop", "4.5", "--out", "v.safetensors")
    #expect(outcome.status == 0, "\(outcome.problems)")
    let found = try SafetensorsFile.read(try Files.read(tool.path("v.safetensors")), source: "v").tensors
    let raw = try Clips.samples(tool.path("long.wav"), in: tool)
    let expected = try AudioEmbedder(weights: tool.path("w.bin")).embedWindows(raw, sampleRate: 16_000, hop: 4.5)
    #expect(expected.count == 95)
    #expect(try found.required("long").floats() == expected.flatMap { $0 })
  }

  @Test("a run that was killed goes on, and the file is the same")
  func resume() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    try Files.makeFolder(tool.path("s"))
    for index in 0..<90 {
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=2:c=pink:r=16000:a=0.4:seed=\(index)",
          tool.path("s/\(index).wav"),
        ])
    }
    let arguments = ["embed", "s", "--weights", "w.bin", "--windows", "--out"]
    #expect(try tool.run("embed", "s", "--weights", "w.bin", "--windows", "--out", "whole.npz").status == 0)
    let (process, output, _) = try tool.start(arguments + ["v.npz", "--json"])
    // Killed as soon as some are in the journal.
    let journal = tool.path(".v.npz.journal")
    while process.isRunning, ((try? Files.identity(journal).size) ?? 0) < 4096 * 10 { usleep(1000) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    _ = output.fileHandleForReading.readDataToEndOfFile()
    #expect(!Files.exists(tool.path("v.npz")) && Files.exists(journal))
    let resumed = try tool.run("embed", "s", "--weights", "w.bin", "--windows", "--out", "v.npz")
    #expect(resumed.status == 0 && resumed.output.contains("from an earlier run"), "\(resumed.output)")
    #expect(try Digest.ofFile(tool.path("v.npz")) == Digest.ofFile(tool.path("whole.npz")))
    #expect(!Files.exists(journal))
    let again = try tool.run("embed", "s", "--weights", "w.bin", "--windows", "--out", "v.npz")
    #expect(!again.output.contains("from an earlier run"))
  }

  @Test("44.1 kHz stereo FLAC, 8 kHz WAV, MP3 and an MP4's sound are heard as ffmpeg hears them")
  func kinds() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    for folder in ["s", "r"] { try Files.makeFolder(tool.path(folder)) }
    let noise = ["-f", "lavfi", "-i", "anoisesrc=d=5:c=pink:r=44100:a=0.5:seed=4"]
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=5"]
    for (name, words) in [
      ("flac.flac", noise + ["-ac", "2"]), ("wav.wav", noise + ["-ar", "8000"]), ("mp3.mp3", noise + ["-b:a", "128k"]),
      ("mp4.mp4", picture + noise + ["-c:v", "libx264", "-c:a", "aac", "-b:a", "128k"]),
    ] {
      try Clips.shell(["ffmpeg", "-v", "error"] + words + [tool.path("s/\(name)")])
      let key = String(name.prefix { $0 != "." })
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-i", tool.path("s/\(name)"), "-vn", "-ac", "1", "-c:a", "pcm_f32le",
          tool.path("r/\(key).wav"),
        ])
    }
    for folder in ["s", "r"] {
      #expect(try tool.run("embed", folder, "--weights", "w.bin", "--out", "\(folder).npy").status == 0)
    }
    // The same decoded samples; only their formats and channels differ.
    let decoded = try distance(table(tool, "s"), table(tool, "r"))
    print("against ffmpeg's decoding: \(decoded) of the norm")
    #expect(decoded < 1e-3)
    // FFmpeg's own resampler turns its filter over elsewhere above 7 kHz.
    for name in try Files.names(in: tool.path("r")) {
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-y", "-i", tool.path("r/\(name)"), "-ar", "16000", "-c:a", "pcm_f32le",
          tool.path("s/\(name)"),
        ])
    }
    try Files.makeFolder(tool.path("k"))
    for name in try Files.names(in: tool.path("r")) {
      try Files.rename(tool.path("s/\(name)"), to: tool.path("k/\(name)"))
    }
    #expect(try tool.run("embed", "k", "--weights", "w.bin", "--out", "k.npy").status == 0)
    let resampled = try distance(table(tool, "r"), table(tool, "k"))
    print("against ffmpeg's resampling: \(resampled) of the norm")
    #expect(resampled < 0.1)
  }

  @Test(
    "the public package's values, through the command",
    .enabled(if: GoldenFile.isThere, "golden values are not at hand"))
  func golden() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try GoldenFile.writeClips(to: tool)
    let expected = try GoldenFile.tensors("expected")
    for (flags, name) in [(["--projection", "on"], "embedding"), (["--projection", "off"], "encoder")] {
      let outcome = try tool.run(["embed", "clips", "--weights", GoldenFile.weights, "--out", "v.npy"] + flags)
      #expect(outcome.status == 0, "\(outcome.problems)")
      let values = try expected.required("eval.single.\(name)").floats()
      let rows = Dictionary(
        uniqueKeysWithValues: (0..<8).map { ("clip\($0)", Array(values[$0 * 512..<($0 + 1) * 512])) })
      let error = try distance(table(tool, "v"), rows)
      print("golden eval.single.\(name) through embed: \(error) of the norm")
      #expect(error <= 1e-4)
    }
    let outcome = try tool.run(
      "embed", "clips/clip0.wav", "--windows", "--weights", GoldenFile.weights, "--out", "w.npy")
    #expect(outcome.status == 0)
    let frames = try expected.required("eval.frames.clip0").floats()
    let rows = Dictionary(
      uniqueKeysWithValues: (0..<10).map { window in ("clip0_00\(window)", (0..<512).map { frames[$0 * 10 + window] }) }
    )
    let error = try distance(table(tool, "w"), rows)
    print("golden eval.frames.clip0 through embed: \(error) of the norm")
    #expect(error <= 1e-4)
  }
}

@Suite("Windows of embeddings")
struct WindowTimeTests {
  @Test("begin at the times of their samples, whatever the hop was given as")
  func times() throws {
    for (hop, samples) in [(0.1, 1600), (1.0 / 3, 5333), (0.012_34, 197)] {
      let cut = try WindowCut(hopSeconds: hop)
      for window in [0, 1, 3, 100_000] { #expect(cut.time(window) == Double(window * samples) / 16_000) }
    }
  }
}

/// Values of the public package, from the shared folder.
enum GoldenFile {
  static let folder = (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/golden/wav2clip"
  static let weights = URL(fileURLWithPath: folder + "/weights.safetensors").path
  static let isThere: Bool = {
    let there = Files.exists(weights)
    if !there { print("SKIPPED: golden values are not at \(folder); set PIPELINE_SHARED") }
    return there
  }()

  static func tensors(_ name: String) throws -> NamedTensors {
    try SafetensorsFile.read(try Files.read("\(folder)/\(name).safetensors"), source: name).tensors
  }

  /// The eight sounds as 16 kHz WAV.
  static func writeClips(to tool: Tool) throws {
    let waveforms = try tensors("batch").required("waveform_int16")
    try Files.makeFolder(tool.path("clips"))
    for clip in 0..<waveforms.shape[0] {
      let samples = waveforms.rows(clip..<clip + 1).bytes
      try Files.write(samples, to: tool.path("raw"))
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", tool.path("raw"),
          tool.path("clips/clip\(clip).wav"),
        ])
    }
  }
}

extension Clips {
  /// A tone in whatever its file's ending says; with a picture in an MP4.
  static func tone(_ path: String, pitch: Int, seconds: Double) throws {
    let picture =
      path.hasSuffix(".mp4")
      ? ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=\(seconds)"] : []
    let sound = ["-f", "lavfi", "-i", "sine=frequency=\(pitch):sample_rate=16000:duration=\(seconds)"]
    try shell(["ffmpeg", "-v", "error", "-y"] + sound + picture + [path])
  }

  /// The samples of a sound file at its own rate, by ffmpeg.
  static func samples(_ path: String, in tool: Tool) throws -> [Float] {
    try shell(["ffmpeg", "-v", "error", "-y", "-i", path, "-f", "f32le", tool.path("samples")])
    return try Files.read(tool.path("samples")).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }
}

extension Tool {
  func run(_ arguments: [String]) throws -> Outcome {
    let (process, output, problems) = try start(arguments)
    let said = output.fileHandleForReading.readDataToEndOfFile()
    let complained = problems.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
      problems: String(decoding: complained, as: UTF8.self))
  }
}
