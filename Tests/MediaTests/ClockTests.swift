import Basics
import Foundation
import Testing

@testable import Media

/// Audio and video share one clock, whatever the timestamps of container and codec.
@Suite struct ClockTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  /// In all of them the tone and the flash begin 3 s after the start, apart from a delay of both by the container.
  static let makings: [(name: String, rate: Int, words: [String])] = [
    ("edit-list.mp4", 44_100, ["-c:v", "libx264", "-bf", "2", "-c:a", "aac", "-b:a", "192k"]),
    ("no-b.mp4", 48_000, ["-c:v", "libx264", "-bf", "0", "-c:a", "aac", "-b:a", "192k"]),
    (
      "fragmented.mp4", 44_100,
      ["-c:v", "libx264", "-c:a", "aac", "-b:a", "192k", "-movflags", "frag_keyframe+empty_moov"]
    ),
    ("pcm.mov", 44_100, ["-c:v", "libx264", "-c:a", "pcm_s16le"]),
    ("aac.mkv", 44_100, ["-c:v", "libx264", "-c:a", "aac", "-b:a", "192k"]),
    // Opus in Matroska is left out: ffmpeg 5.1 writes its audio early by the codec's delay, and every reader sees that.
    ("opus.mp4", 48_000, ["-c:v", "libx264", "-c:a", "libopus", "-b:a", "160k"]),
    ("flac.mkv", 44_100, ["-c:v", "libx264", "-c:a", "flac"]),
    ("vorbis.webm", 44_100, ["-c:v", "libvpx", "-b:v", "1M", "-c:a", "libvorbis", "-q:a", "8"]),
    ("mp3.mp4", 44_100, ["-c:v", "libx264", "-c:a", "libmp3lame", "-b:a", "192k"]),
    ("aac.ts", 44_100, ["-c:v", "libx264", "-c:a", "aac", "-b:a", "192k"]),
    ("mp2.ts", 48_000, ["-c:v", "mpeg2video", "-b:v", "2M", "-c:a", "mp2", "-b:a", "256k"]),
    ("aac.flv", 44_100, ["-c:v", "flv1", "-b:v", "2M", "-c:a", "aac", "-b:a", "192k"]),
    ("eight.mkv", 8_000, ["-c:v", "libx264", "-c:a", "pcm_s16le"]),
    ("ninetysix.mkv", 96_000, ["-c:v", "libx264", "-c:a", "flac"]),
    ("eleven.mov", 11_025, ["-c:v", "libx264", "-c:a", "pcm_s16le"]),
    ("sixteen.mov", 16_000, ["-c:v", "libx264", "-c:a", "pcm_s16le"]),
    ("pcm.avi", 44_100, ["-c:v", "mjpeg", "-c:a", "pcm_s16le"]),
  ]

  /// When the flash begins: the time of the first white frame, at 25 frames per second.
  private func flash(_ outcome: DecodeOutcome) throws -> Double {
    let pack = try FramePack.decode(outcome.payload)
    let facts = try #require(outcome.reply.frames)
    try #require(pack.count == facts.frameTimes.count)
    // Binary search: frames are black before the flash and white after it, within 0 ... 3.9 s.
    var (dark, bright) = (0, Int(3.5 * 25))
    while bright - dark > 1 {
      let middle = (dark + bright) / 2
      if try brightness(pack[middle].jpeg, in: clips) > 128 { bright = middle } else { dark = middle }
    }
    return facts.frameTimes[bright]
  }

  @Test("the tone begins when the video flashes, within a millisecond", arguments: makings.map(\.name))
  func clickAndFlash(name: String) throws {
    let making = try #require(Self.makings.first { $0.name == name })
    let path = try clips.clickAndFlash(name, rate: making.rate, words: making.words)
    let heard = try audio(path)
    #expect(codes(heard) == [])
    let samples = try samples(ofFlac: heard.payload, in: clips)
    #expect(samples.count == 160_000)
    let seen = try frames(path, "25")
    let difference = try onset(samples) - flash(seen)
    // Not all of it is our error: FLV and Matroska round times to milliseconds, and lossy codecs smear the onset.
    #expect(abs(difference) < 0.001, "\(difference * 1000) ms")
  }

  @Test("audio that begins half a second after the video has half a second of silence before it")
  func lateAudio() throws {
    let early = try clips.clickAndFlash("early.mkv", words: ["-c:v", "libx264", "-c:a", "pcm_s16le"])
    let late = try clips.make(
      "late.mkv", "-i", early, "-itsoffset", "0.5", "-i", early, "-map", "0:v", "-map", "1:a", "-c", "copy")
    let heard = try audio(late)
    #expect(try abs(onset(samples(ofFlac: heard.payload, in: clips)) - 3.5) < 0.001)
    #expect(heard.reply.audio?.firstAudioSeconds == 0.5)
    #expect(heard.reply.audio?.coveredSeconds == 10)
    #expect(try frames(late).reply.frames?.frameTimes.first == 0)
  }

  @Test("a video that begins after the audio has no frame before its start")
  func lateFrame() throws {
    let early = try clips.clickAndFlash("early2.mkv", words: ["-c:v", "libx264", "-c:a", "pcm_s16le"])
    let late = try clips.make(
      "late-picture.mkv", "-i", early, "-itsoffset", "1.5", "-i", early, "-map", "1:v", "-map", "0:a", "-c", "copy")
    let seen = try frames(late)
    #expect(try FramePack.decode(seen.payload).map(\.time) == [2, 3, 4, 5, 6, 7, 8, 9])
    #expect(seen.reply.frames?.frameTimes.first == 1.98)
  }

  @Test(
    "a clip from a longer video is cut at the requested second, in audio and video",
    arguments: ["whole.mp4", "whole.mkv", "whole.ts"])
  func cut(name: String) throws {
    let path = try clips.clickAndFlash(name, words: ["-c:v", "libx264", "-g", "50", "-c:a", "aac", "-b:a", "192k"])
    let whole = try samples(ofFlac: audio(path).payload, in: clips)
    let part = try samples(ofFlac: audio(path, startSeconds: 2).payload, in: clips)
    #expect(Array(part[..<128_000]) == Array(whole[32_000...]))
    let seen = try frames(path, startSeconds: 2)
    // If the audio starts slightly before the video, the video ends slightly after second 10 of the file.
    let cut = try FramePack.decode(seen.payload)
    #expect(cut.prefix(8).map(\.time) == [0, 1, 2, 3, 4, 5, 6, 7])
    let all = try FramePack.decode(frames(path).payload)
    #expect(cut.prefix(8).map(\.jpeg) == all[2...].map(\.jpeg))
    let deep = try audio(path, startSeconds: 5)
    #expect(try samples(ofFlac: deep.payload, in: clips)[..<80_000] == whole[80_000...])
  }

  @Test("a clip that starts after the end of its file has missing audio and video; it is not an error")
  func beyond() throws {
    let path = try clips.clickAndFlash("beyond.mp4", words: ["-c:v", "libx264", "-c:a", "aac"])
    #expect(try codes(audio(path, startSeconds: 60)) == ["audio.missing"])
    #expect(try codes(frames(path, startSeconds: 60)) == ["video.missing"])
  }

  @Test("a variable frame rate is sampled by time")
  func variableRate() throws {
    // 25 frames per second, of which only every tenth is kept after 5 s.
    let path = try clips.make(
      "variable.mkv", "-f", "lavfi", "-i", "testsrc=s=320x240:r=25:d=10", "-vf", "select='lt(t,5)+not(mod(n,10))'",
      "-vsync",
      "vfr", "-c:v", "libx264")
    let seen = try frames(path, "2")
    let expected = (0..<20).map { r in
      let time = Double(r) / 2
      return time < 5.2
        ? (min(time, 4.96) / 0.04 + 1e-9).rounded(.down) * 0.04 : (time / 0.4 + 1e-9).rounded(.down) * 0.4
    }
    let times = try #require(seen.reply.frames?.frameTimes)
    #expect(times.count == expected.count)
    for (found, wanted) in zip(times, expected) { #expect(abs(found - wanted) < 0.0011) }
  }
}
