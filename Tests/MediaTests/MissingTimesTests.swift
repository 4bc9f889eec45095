import Basics
import Testing

@testable import Media

/// Video frames without presentation timestamps, or that stop before the audio.
@Suite struct MissingTimesTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  private func make(_ name: String, image: Double = 10, _ words: [String]) throws -> String {
    try clips.make(
      name, NumberedFrame.words(image) + AudioPlacingTests.noise(10) + ["-map", "0:v", "-map", "1:a"] + words)
  }

  /// `off` is the allowed error in frames: AVI counts in whole frames, and the others have few packets with timestamps.
  static let kinds: [(name: String, words: [String], off: Int)] = [
    ("plain.avi", ["-bf", "0", "-c:a", "pcm_s16le"], 1), ("reordered.avi", ["-bf", "2", "-c:a", "libmp3lame"], 1),
    ("reordered.wmv", ["-bf", "2", "-c:a", "wmav2"], 2),
    ("reordered.mpg", ["-bf", "2", "-c:a", "mp2", "-f", "vob"], 4),
    ("plain.mpg", ["-bf", "0", "-c:a", "mp2", "-f", "vob"], 2),
  ]

  @Test("H.264 in AVI, ASF and MPEG-PS covers its ten seconds, at every rate", arguments: kinds.map(\.name))
  func covers(name: String) throws {
    let kind = try #require(Self.kinds.first { $0.name == name })
    let path = try make(name, NumberedFrame.codec + kind.words)
    for rate in ["1/2", "1", "2"] {
      let seen = try frames(path, rate)
      #expect(seen.reply.frames?.coveredSeconds ?? 0 > 9.9 && seen.reply.findings == [], "\(rate)")
      let numbers = try NumberedFrame.numbers(seen, in: clips)
      let expected = try FrameRate(rate)
      #expect(numbers.count == expected.count(seconds: 10))
      for (k, number) in numbers.enumerated() {
        let frame = Int(expected.time(k).seconds * 25)
        #expect(NumberedFrame.distance(number, frame) <= kind.off, "\(rate), request \(k): \(number)")
      }
    }
  }

  @Test(
    "AVI that was copied into MP4 shows its frames in order",
    arguments: [
      ["-c:v", "libx264", "-g", "50", "-crf", "10", "-bf", "2", "-pix_fmt", "yuv420p"],
      ["-c:v", "libx264", "-g", "50", "-crf", "10", "-bf", "0", "-pix_fmt", "yuv420p"],
      ["-c:v", "mpeg4", "-q:v", "2", "-bf", "2"],
    ])
  func copied(codec: [String]) throws {
    let avi = try make("a.avi", codec + ["-c:a", "libmp3lame"])
    let path = try clips.make("b.mp4", "-i", avi, "-c", "copy")
    let seen = try frames(path, "2")
    #expect(seen.reply.frames?.coveredSeconds == 10)
    let numbers = try NumberedFrame.numbers(seen, in: clips)
    // Without reordering, ffmpeg's AVI muxer compensates for the audio's priming samples with a whole frame.
    let off = codec.contains("0") ? 1 : 0
    #expect(
      numbers.count == 20 && numbers.indices.allSatisfy { NumberedFrame.distance(numbers[$0], $0 * 25 / 2) <= off })
    #expect(
      seen.reply.frames.map { zip($0.frameTimes, $0.frameTimes.dropFirst()).allSatisfy { $0.1 - $0.0 > 0.4 } } == true)
  }

  @Test("if a video stops before the audio, its last frame stays, which is reported", arguments: ["mp4", "mkv", "avi"])
  func stops(format: String) throws {
    let path = try make("a.\(format)", image: 4, NumberedFrame.codec + ["-bf", "0", "-c:a", "libmp3lame"])
    let seen = try frames(path)
    #expect(codes(seen) == ["audio.video.mismatch"])
    #expect(
      seen.reply.findings.first?.evidence == "video to 4.0 s, audio to 10.0 s; the last frame stays on the screen")
    #expect(seen.reply.frames?.coveredSeconds == 10)
    let numbers = try NumberedFrame.numbers(seen, in: clips)
    let expected = [0, 25, 50, 75] + [Int](repeating: 99, count: 6)
    // Matroska rounds to milliseconds.
    #expect(numbers.count == 10 && zip(numbers, expected).allSatisfy { NumberedFrame.distance($0, $1) <= 1 })
    // A usual, small difference is not reported.
    let usual = try frames(make("b.\(format)", image: 9.8, NumberedFrame.codec + ["-c:a", "libmp3lame"]))
    #expect(usual.reply.findings == [] && usual.reply.frames?.coveredSeconds ?? 10 < 9.9)
  }

  @Test("a video that ends before the clip begins is missing, and the reason is correct")
  func past() throws {
    let path = try make("a.mkv", image: 4, NumberedFrame.codec + ["-c:a", "libmp3lame"])
    let seen = try frames(path, startSeconds: 6)
    #expect(seen.reply.findings.map(\.evidence) == ["the video covers none of the requested times"])
  }
}
