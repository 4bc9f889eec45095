import Basics
import Corpus
import Foundation
import Testing

@testable import Media

/// Skipping packets that no requested frame depends on gives the same frames as decoding everything.
@Suite struct FrameSelectionTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  static let makings: [(name: String, words: [String])] = [
    ("b-frames.mp4", ["-c:v", "libx264", "-bf", "3", "-g", "40"]),
    ("pyramid.mkv", ["-c:v", "libx264", "-bf", "5", "-x264-params", "b-pyramid=normal:b-adapt=0:ref=5", "-g", "33"]),
    ("no-pyramid.ts", ["-c:v", "libx264", "-bf", "2", "-x264-params", "b-pyramid=none:b-adapt=0", "-g", "60"]),
    ("open.mkv", ["-c:v", "libx264", "-bf", "3", "-x264-params", "open-gop=1:b-adapt=0", "-g", "20"]),
    ("open.mp4", ["-c:v", "libx264", "-bf", "3", "-x264-params", "open-gop=1:b-adapt=0", "-g", "20"]),
    ("refresh.mp4", ["-c:v", "libx264", "-x264-params", "intra-refresh=1", "-g", "30"]),
    ("interlaced.mp4", ["-c:v", "libx264", "-flags", "+ildct+ilme", "-bf", "2", "-g", "24"]),
    ("in-band.ts", ["-c:v", "libx264", "-x264-params", "repeat-headers=1:bframes=3", "-g", "15"]),
    ("fragments.mp4", ["-c:v", "libx264", "-g", "30", "-movflags", "frag_keyframe+empty_moov"]),
    ("baseline.mp4", ["-c:v", "libx264", "-profile:v", "baseline", "-g", "50"]),
    ("all-intra.mp4", ["-c:v", "libx264", "-g", "1"]),
    ("hevc.mkv", ["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=0:bframes=4:keyint=30"]),
    ("hevc-open.mp4", ["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=1:bframes=4:keyint=30"]),
    ("vp9.webm", ["-c:v", "libvpx-vp9", "-b:v", "200k", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"]),
    (
      "vp9-alt.webm",
      [
        "-c:v", "libvpx-vp9", "-b:v", "200k", "-cpu-used", "5", "-auto-alt-ref", "1", "-lag-in-frames", "16",
        "-g", "40",
      ]
    ),
    ("mpeg4.avi", ["-c:v", "mpeg4", "-bf", "2", "-g", "20"]),
    ("mpeg4.mp4", ["-c:v", "mpeg4", "-bf", "2", "-g", "20"]),
    ("vp8.webm", ["-c:v", "libvpx", "-b:v", "200k", "-deadline", "realtime", "-g", "25"]),
    (
      "variable.mkv",
      ["-vf", "select='not(mod(n\\,7))+lt(mod(n\\,50)\\,11)'", "-vsync", "vfr", "-c:v", "libx264", "-g", "12"]
    ),
    (
      "variable.mp4",
      ["-vf", "select='not(mod(n\\,40))+lt(n\\,31)'", "-vsync", "vfr", "-c:v", "libx264", "-bf", "3", "-g", "9"]
    ),
  ]

  @Test("in clips of every structure", arguments: makings.map(\.name))
  func made(name: String) throws {
    let making = try #require(Self.makings.first { $0.name == name })
    let path = try clips.make(name, ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=12"] + making.words)
    for rate in ["1/5", "1", "2", "8"] {
      for start in [0, 1, 5] { try expectSame(path, rate, start) }
    }
  }

  @Test("a damaged packet between requested frames", arguments: [3, 17, 29])
  func damaged(seed: Int) throws {
    let path = try clips.make(
      "whole.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=10", "-c:v", "libx264", "-g", "50")
    var bytes = try Files.read(path)
    for step in 1...4 { bytes[bytes.count / 2 + seed * 997 * step % 20_000] ^= 0x40 }
    let damaged = clips.path("damaged-\(seed).mp4")
    try Files.write(bytes, to: damaged)
    #expect(try frames(damaged) == frames(damaged))
  }

  @Test("in real videos", .enabled(if: RealVideoTests.isHere))
  func real() throws {
    for name in try Files.names(in: RealVideoTests.videos) {
      for start in [0, 3] { try expectSame("\(RealVideoTests.videos)/\(name)", "1", start) }
    }
  }

  private func expectSame(_ path: String, _ rate: String, _ start: Int) throws {
    let request = DecodeRequest(
      MediaSource(path), startMilliseconds: 1000 * start, work: .frames(fps: try FrameRate(rate)))
    let selected = try ClipDecoder.decode(request)
    let all = try ClipDecoder.decode(request, selects: false)
    #expect(selected.payload == all.payload, "\(path) at \(rate) from \(start)")
    #expect(selected.reply.frames?.frameTimes == all.reply.frames?.frameTimes, "\(path) at \(rate) from \(start)")
    // Frames still in the decoder when the last request is served count only in the selective run, so it never covers
    // less.
    let covered = (selected.reply.frames?.coveredSeconds ?? 0, all.reply.frames?.coveredSeconds ?? 0)
    #expect(covered.0 >= covered.1 && covered.0 <= 10, "\(path) at \(rate) from \(start)")
  }
}
