import Audio
import Basics
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Embed
@testable import Wav2CLIP

@Suite(
  "How embed treats an audio clip", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the sounds"))
struct EmbedAudioTests {
  @Test("an audio clip over a minute needs windows and is refused with a hint; a partial window is dropped")
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
      #expect(outcome.status == 0 && outcome.output.contains("\(count) windows of 1 clip"), "\(outcome.output)")
      #expect(try tool.embeddings("v").count == count)
    }
    try Clips.tone(tool.path("short.wav"), pitch: 300, seconds: 0.9)
    let short = try tool.run("embed", "short.wav", "--weights", "w.bin", "--windows", "--out", "v.npz")
    #expect(short.status == 1 && short.problems.contains("sound.short"))
    #expect(try tool.run("embed", "short.wav", "--weights", "w.bin", "--out", "v.npz").status == 0)
    #expect(try tool.run("embed", "short.wav", "--weights", "w.bin", "--hop", "1", "--out", "v.npz").status == 64)
  }

  @Test("an audio clip too long for memory gives in two passes the same bits as the library in one")
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

  @Test("44.1 kHz stereo FLAC, 8 kHz WAV, MP3 and an MP4's audio decode as in ffmpeg")
  func kinds() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    for directory in ["s", "r"] { try Files.makeDirectory(tool.path(directory)) }
    let noise = ["-f", "lavfi", "-i", "anoisesrc=d=5:c=pink:r=44100:a=0.5:seed=4"]
    let image = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=5"]
    for (name, words) in [
      ("flac.flac", noise + ["-ac", "2"]), ("wav.wav", noise + ["-ar", "8000"]), ("mp3.mp3", noise + ["-b:a", "128k"]),
      ("mp4.mp4", image + noise + ["-c:v", "libx264", "-c:a", "aac", "-b:a", "128k"]),
    ] {
      try Clips.shell(["ffmpeg", "-v", "error"] + words + [tool.path("s/\(name)")])
      let key = String(name.prefix { $0 != "." })
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-i", tool.path("s/\(name)"), "-vn", "-ac", "1", "-c:a", "pcm_f32le",
          tool.path("r/\(key).wav"),
        ])
    }
    for directory in ["s", "r"] {
      #expect(try tool.run("embed", directory, "--weights", "w.bin", "--out", "\(directory).npy").status == 0)
    }
    // Both decode to the same samples; only their formats and channels differ.
    let decoded = try embeddingDistance(tool.embeddings("s"), tool.embeddings("r"))
    print("against ffmpeg's decoding: \(decoded) of the norm")
    #expect(decoded < 1e-3)
    // The filter of ffmpeg's own resampler rolls off differently above 7 kHz.
    for name in try Files.names(in: tool.path("r")) {
      try Clips.shell(
        [
          "ffmpeg", "-v", "error", "-y", "-i", tool.path("r/\(name)"), "-ar", "16000", "-c:a", "pcm_f32le",
          tool.path("s/\(name)"),
        ])
    }
    try Files.makeDirectory(tool.path("k"))
    for name in try Files.names(in: tool.path("r")) {
      try Files.rename(tool.path("s/\(name)"), to: tool.path("k/\(name)"))
    }
    #expect(try tool.run("embed", "k", "--weights", "w.bin", "--out", "k.npy").status == 0)
    let resampled = try embeddingDistance(tool.embeddings("r"), tool.embeddings("k"))
    print("against ffmpeg's resampling: \(resampled) of the norm")
    #expect(resampled < 0.1)
  }

  @Test(
    "the command gives the public package's values",
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
      let error = try embeddingDistance(tool.embeddings("v"), rows)
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
    let error = try embeddingDistance(tool.embeddings("w"), rows)
    print("golden eval.frames.clip0 through embed: \(error) of the norm")
    #expect(error <= 1e-4)
  }
}

/// Values of the public wav2clip package, read from the shared directory.
enum GoldenFile {
  static let directory = (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/golden/wav2clip"
  static let weights = URL(fileURLWithPath: directory + "/weights.safetensors").path
  static let isThere: Bool = {
    let there = Files.exists(weights)
    if !there { print("SKIPPED: golden values are not at \(directory); set PIPELINE_SHARED") }
    return there
  }()

  static func tensors(_ name: String) throws -> NamedTensors {
    try SafetensorsFile.read(try Files.read("\(directory)/\(name).safetensors"), source: name).tensors
  }

  /// Writes the eight audio clips as 16 kHz WAV.
  static func writeClips(to tool: Tool) throws {
    let waveforms = try tensors("batch").required("waveform_int16")
    try Files.makeDirectory(tool.path("clips"))
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
  /// Writes a tone in the format of the file extension; an MP4 also gets a video.
  static func tone(_ path: String, pitch: Int, seconds: Double) throws {
    let image =
      path.hasSuffix(".mp4")
      ? ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=\(seconds)"] : []
    let audio = ["-f", "lavfi", "-i", "sine=frequency=\(pitch):sample_rate=16000:duration=\(seconds)"]
    try shell(["ffmpeg", "-v", "error", "-y"] + audio + image + [path])
  }

  /// The samples of an audio file at its own rate, decoded by ffmpeg.
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

@Suite("pipeline inspect of media", .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct InspectMediaTests {
  @Test("shows a video's contents and the commands that take it, why a file is damaged, and a directory's clip count")
  func media() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Files.makeDirectory(tool.path("videos"))
    try Clips.make(tool.path("videos/a.mp4"), pitch: 400, seconds: 3)
    try Files.write("no media at all", to: tool.path("b.mp4"))
    let video = try tool.run("inspect", "videos/a.mp4")
    #expect(video.status == 0, "\(video)")
    for text in ["audio or video", "codec: h264", "codec: aac", "16000 Hz", "64 × 48", "pipeline embed videos/a.mp4"] {
      #expect(video.output.contains(text), "\(text): \(video.output)")
    }
    let damaged = try tool.run("inspect", "b.mp4")
    #expect(damaged.problems.contains("media.unreadable"), "\(damaged)")
    let directory = try tool.run("inspect", "videos")
    #expect(
      directory.output.contains("directory of clips") && directory.output.contains("files that may hold clips: 1"))
    let json = try tool.run("inspect", "videos/a.mp4", "--json").output
    #expect(json.contains(#""key":"rate","section":"audio","unit":"Hz","value":16000"#), "\(json)")
  }
}
