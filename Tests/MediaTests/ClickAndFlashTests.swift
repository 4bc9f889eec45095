import Basics
import Foundation
import Testing

@testable import Media

/// Measures the offset between a tone and a flash that begin together, in the containers and codecs that ffmpeg writes.
///
/// PIPELINE_SLOW_TESTS=1 tries every pair of codecs in every container; otherwise each container gets each codec once.
@Suite struct ClickAndFlashTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  static let containers = ["mp4", "mov", "mkv", "webm", "avi", "ts", "flv", "ogg", "3gp"]
  static let images: [(name: String, words: [String])] = [
    ("h264", ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2"]), ("mpeg4", ["-c:v", "mpeg4", "-q:v", "4"]),
    ("vp8", ["-c:v", "libvpx", "-b:v", "500k", "-deadline", "realtime", "-cpu-used", "8"]),
    ("vp9", ["-c:v", "libvpx-vp9", "-b:v", "500k", "-deadline", "realtime", "-cpu-used", "8"]),
    ("mpeg2", ["-c:v", "mpeg2video", "-q:v", "4", "-bf", "2"]),
  ]
  static let audioClips: [(name: String, words: [String])] = [
    ("aac", ["-c:a", "aac", "-b:a", "192k"]), ("mp3", ["-c:a", "libmp3lame", "-b:a", "192k"]),
    ("opus", ["-c:a", "libopus", "-b:a", "160k"]), ("vorbis", ["-c:a", "libvorbis", "-q:a", "8"]),
    ("flac", ["-c:a", "flac"]), ("pcm", ["-c:a", "pcm_s16le"]), ("ac3", ["-c:a", "ac3", "-b:a", "256k"]),
  ]
  private static let isThorough = ProcessInfo.processInfo.environment["PIPELINE_SLOW_TESTS"] == "1"
  private static let seconds = "4.5"

  /// Makes one file; nil if ffmpeg cannot write it.
  private func make(_ container: String, _ image: String, _ audio: (name: String, words: [String])) throws -> String? {
    let path = clips.path("\(image)-\(audio.name).\(container)")
    // These containers carry among the frames what Matroska has once in its header. Other muxers convert it themselves.
    let form =
      switch (container, image) {
      case ("avi", "h264"): ["-bsf:v", "h264_mp4toannexb"]
      case ("ts", "mpeg4"): ["-bsf:v", "dump_extra"]
      default: [String]()
      }
    let words =
      ["-i", clips.path("\(image).mkv")] + TestClips.audio(48_000)
      + ["-map", "0:v", "-map", "1:a", "-t", Self.seconds, "-c:v", "copy"] + form + audio.words + [path]
    return try ffmpeg(words) ? path : nil
  }

  /// Runs ffmpeg and returns whether it succeeded.
  private func ffmpeg(_ words: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    process.arguments = ["-v", "quiet", "-nostdin", "-y"] + words
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// How many milliseconds after the flash the tone begins, as this project decodes the file.
  private func ours(_ path: String) throws -> Double {
    let heard = try audio(path)
    let seen = try frames(path, "25")
    let pack = try FramePack.decode(seen.payload)
    let times = try #require(seen.reply.frames?.frameTimes)
    try Files.write(pack.flatMap(\.jpeg), to: clips.path("all.mjpeg"))
    let raw = try Files.read(
      clips.make(
        "all.gray", "-f", "mjpeg", "-i", clips.path("all.mjpeg"), "-vf", "scale=8:8", "-pix_fmt", "gray", "-f",
        "rawvideo"))
    try #require(raw.count == 64 * pack.count)
    let bright = (0..<pack.count).map { k in raw[k * 64..<k * 64 + 64].reduce(0) { $0 + Int($1) } > 64 * 128 }
    let first = try #require(bright.firstIndex(of: true))
    return (try onset(samples(ofFlac: heard.payload, in: clips)) - times[first]) * 1000
  }

  /// The same as ffmpeg decodes the file, by the file's own timestamps; nil if ffmpeg cannot read what it wrote.
  private func ffmpegs(_ path: String) throws -> Double? {
    let audio = ["-map", "0:a", "-af", "aresample=16000:async=1:first_pts=0", "-ac", "1", "-f", "s16le"]
    guard try ffmpeg(["-i", path] + audio + [clips.path("ff.raw")]),
      try ffmpeg(["-i", path, "-map", "0:v", "-f", "null", "-"]),
      let start = try probe(path, "format=start_time"), let image = try probe(path, "stream=start_time")
    else { return nil }
    let raw = try Files.read(clips.path("ff.raw"))
    let samples = stride(from: 0, to: raw.count, by: 2).map {
      Int16(bitPattern: UInt16(raw[$0]) | UInt16(raw[$0 + 1]) << 8)
    }
    // The flash is frame 75 at 25 frames per second; ffmpeg makes the file's earliest timestamp zero.
    return (try onset(samples) - (3 + image - start)) * 1000
  }

  private func probe(_ path: String, _ entries: String) throws -> Double? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ffprobe")
    process.arguments = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "csv=p=0", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // ffprobe prints no number if a stream's start is unknown, and nothing if there is no stream.
    return text.split(whereSeparator: { $0 == "\n" || $0 == "," }).first.map { Double($0) ?? 0 }
  }

  /// The offset in milliseconds where ffmpeg 5.1 writes wrong timestamps, so that every reader sees it.
  ///
  /// - AVI cannot store that an encoder's priming samples (1024 of AAC, 1105 of MP3, 256 of AC-3) are to be skipped,
  ///   nor that a stream begins late. Its muxer compensates with an extra frame (40 ms) or FLAC packet (96 ms). Vorbis
  ///   in AVI has no timestamps at all.
  /// - In Matroska the priming time of Opus is to be subtracted from its timestamps. The muxer adds it to the video
  ///   too, in whole milliseconds.
  static func faulty(_ container: String, _ image: String, _ audio: String) -> ClosedRange<Double>? {
    switch (container, image, audio) {
    case ("avi", _, "aac"), ("avi", _, "mp3"): -19...24
    case ("avi", _, "ac3"): 5...6
    case ("avi", "h264", "flac"), ("avi", "mpeg2", "flac"): 95...97
    case ("avi", _, "vorbis"): -3000...0
    case ("mkv", _, "opus"), ("webm", _, "opus"): -7.5 ... -6
    default: nil
    }
  }

  @Test("the tone begins when the video flashes, within a millisecond", arguments: containers)
  func together(container: String) throws {
    for image in Self.images {
      _ = try clips.make(
        "\(image.name).mkv", TestClips.image + ["-t", Self.seconds] + image.words)
    }
    var written = 0
    for (p, image) in Self.images.enumerated() {
      for (s, audio) in Self.audioClips.enumerated() where Self.isThorough || p == s % Self.images.count {
        guard let path = try make(container, image.name, audio) else {
          print("click and flash: \(container) \(image.name) \(audio.name): ffmpeg does not write it")
          continue
        }
        written += 1
        guard let theirs = try ffmpegs(path) else {
          print("click and flash: \(container) \(image.name) \(audio.name): ffmpeg does not read what it wrote")
          continue
        }
        let ours = try ours(path)
        print("click and flash: \(container) \(image.name) \(audio.name): \(ours) ms, ffmpeg \(theirs) ms")
        let range = Self.faulty(container, image.name, audio.name) ?? -1...1
        #expect(range.contains(ours), "\(image.name) \(audio.name): \(ours) ms")
      }
    }
    #expect(written > 0)
  }
}
