import Basics
import Foundation
import Testing

@testable import Media

/// The same file gives the same bytes, whatever vector instructions the CPU has.
@Suite struct SameBytesTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }
  static let makings: [(name: String, words: [String])] = [
    ("h264.mp4", ["-c:v", "libx264", "-c:a", "aac"]),
    ("h264-709.mp4", ["-c:v", "libx264", "-colorspace", "bt709", "-c:a", "aac"]),
    ("h264-444.mkv", ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "libvorbis"]),
    ("full-range.mkv", ["-c:v", "libx264", "-pix_fmt", "yuvj420p", "-c:a", "libopus", "-ar", "48000"]),
    ("hevc-10.mkv", ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", "-c:a", "ac3"]),
    ("vp9.webm", ["-c:v", "libvpx-vp9", "-b:v", "200k", "-deadline", "realtime", "-c:a", "libvorbis"]),
    ("mpeg4.avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
    ("mpeg2.ts", ["-c:v", "mpeg2video", "-c:a", "mp2"]),
    ("mjpeg.mov", ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-c:a", "pcm_f32le"]),
    ("rgb.mov", ["-c:v", "png", "-c:a", "pcm_s24le"]),
  ]

  @Test("without vector instructions, with AVX2 and with all of the CPU's", arguments: makings.map(\.name))
  func flags(name: String) throws {
    let making = try #require(Self.makings.first { $0.name == name })
    let path = try clips.make(
      name,
      ["-f", "lavfi", "-i", "testsrc2=s=568x420:r=25:d=3", "-f", "lavfi", "-i", "anoisesrc=r=44100:d=3:a=0.4:seed=7"]
        + making.words)
    let heard = try audio(path, flags: 0)
    let seen = try frames(path, "2", flags: 0)
    #expect(heard.payload.count > 10_000 && seen.payload.count > 10_000)
    for flags in [MediaToolchain.cpuFlagsUpToAVX2, nil] {
      #expect(try audio(path, flags: flags) == heard)
      #expect(try frames(path, "2", flags: flags) == seen)
    }
  }

  @Test("the name of a file has no influence")
  func name() throws {
    let path = try clips.clickAndFlash("named.mp4", words: ["-c:v", "libx264", "-c:a", "aac"])
    try Files.write(Files.read(path), to: clips.path("other.mp3"))
    #expect(try audio(path) == audio(clips.path("other.mp3")))
    #expect(try frames(path) == frames(clips.path("other.mp3")))
  }

  @Test("the toolchain's identity lists every library")
  func identity() {
    let names = [
      "FFmpeg", "FFmpeg's configuration", "libFLAC", "libavcodec", "libavformat", "libavutil", "libsndfile",
      "libswscale",
    ]
    #expect(MediaToolchain.identity.keys.sorted() == names)
    #expect(!MediaToolchain.identity.values.contains { $0.isEmpty || $0 == "unknown" })
  }
}
