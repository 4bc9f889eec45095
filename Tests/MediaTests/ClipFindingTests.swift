import Basics
import Foundation
import Testing

@testable import Media

/// Findings on defective clips.
@Suite struct ClipFindingTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }
  private static let lossless = ["-c:v", "libx264", "-c:a", "flac"]

  @Test("channels in opposite phase are not mixed into silence: the first one is used, with a finding")
  func opposite() throws {
    let path = try clips.clickAndFlash("opposite.mkv", channels: "opposite", words: Self.lossless)
    let mono = try clips.clickAndFlash("mono.mkv", words: Self.lossless)
    let heard = try audio(path)
    #expect(codes(heard) == ["audio.opposite"])
    #expect(try heard.payload == audio(mono).payload)
  }

  @Test("the low-frequency channel of 5.1 is not part of the mean")
  func surround() throws {
    let words = ["-c:v", "libx264", "-c:a", "pcm_s16le"]
    let path = try clips.clickAndFlash("surround.mov", channels: "5.1", words: words)
    let mono = try clips.clickAndFlash("mono.mov", words: words)
    let heard = try audio(path)
    #expect(codes(heard) == [])
    #expect(heard.reply.audio?.channels == 6)
    #expect(try heard.payload == audio(mono).payload)
  }

  @Test(
    "audio of zeros is silent", arguments: [["-c:a", "aac"], ["-c:a", "pcm_s16le"], ["-c:a", "libmp3lame"]])
  func silent(words: [String]) throws {
    let path = try clips.make(
      "silent-\(words[1]).mov", ["-f", "lavfi", "-i", "anullsrc=r=44100:d=10"] + words + ["-t", "10"])
    let heard = try audio(path)
    #expect(codes(heard) == ["audio.silent"])
    #expect(try samples(ofFlac: heard.payload, in: clips).allSatisfy { abs(Int($0)) <= 1 })
  }

  @Test("a file without audio or without video gives a finding and still the other stream")
  func halves() throws {
    let image = try clips.make("picture.mp4", TestClips.image + ["-c:v", "libx264"])
    let tone = try clips.make("tone.m4a", TestClips.audio(44_100) + ["-c:a", "aac"])
    #expect(try audio(image).reply.findings.map(\.evidence) == ["no audio stream"])
    #expect(try FramePack.decode(frames(image).payload).count == 10)
    #expect(try frames(tone).reply.findings.map(\.evidence) == ["no video stream"])
    #expect(try codes(audio(tone)) == [])
  }

  @Test("the cover image of an audio file is not a video")
  func cover() throws {
    let cover = try clips.make("cover.png", ["-f", "lavfi", "-i", "testsrc=s=320x240", "-frames:v", "1"])
    let path = try clips.make(
      "cover.mp3",
      ["-i", cover] + TestClips.audio(44_100) + ["-map", "1:a", "-map", "0:v", "-c:v", "copy", "-c:a", "libmp3lame"])
    #expect(try codes(frames(path)) == ["video.missing"])
    #expect(try codes(audio(path)) == [])
  }

  @Test("a video without changes is reported as still; one with motion is not")
  func still() throws {
    let source = ["-f", "lavfi", "-i", "testsrc=s=320x240:d=0.04", "-vf", "loop=250:1", "-t", "10", "-c:v", "libx264"]
    let seen = try frames(clips.make("still.mp4", source))
    #expect(codes(seen) == ["video.still"])
    #expect(seen.reply.frames?.isStill == true)
    let moving = try clips.clickAndFlash("moving.mp4", words: ["-c:v", "libx264", "-c:a", "aac"])
    #expect(try frames(moving).reply.frames?.isStill == false)
  }

  @Test("a short file covers its own length, and no frame comes after its end")
  func short() throws {
    let path = try clips.clickAndFlash("short.mov", words: ["-t", "4", "-c:v", "libx264", "-c:a", "pcm_s16le"])
    #expect(try audio(path).reply.audio?.coveredSeconds == 4)
    let seen = try frames(path)
    #expect(seen.reply.frames?.coveredSeconds == 4)
    #expect(seen.reply.frames?.frameTimes == [0, 1, 2, 3])
  }

  @Test("a truncated file gives its readable part or is unreadable, and never throws")
  func truncated() throws {
    let words = ["-c:v", "libx264", "-c:a", "aac", "-movflags", "faststart"]
    let bytes = try Files.read(clips.clickAndFlash("whole.mp4", words: words))
    try Files.write(Array(bytes[..<(bytes.count / 2)]), to: clips.path("half.mp4"))
    #expect(try audio(clips.path("half.mp4")).reply.audio.map { $0.coveredSeconds < 9 } == true)
    for count in stride(from: 0, to: 4000, by: 97) {
      try Files.write(Array(bytes[..<count]), to: clips.path("stump.mp4"))
      #expect(try audio(clips.path("stump.mp4")).payload.isEmpty)
      #expect(try frames(clips.path("stump.mp4")).payload.isEmpty)
    }
  }

  @Test("what is not media is unreadable", arguments: ["text", "empty", "folder", "absent", "fifo"])
  func unreadable(kind: String) throws {
    let path = clips.path("\(kind).mp4")
    switch kind {
    case "text": try Files.write("this is not a video\n", to: path)
    case "empty": try Files.write("", to: path)
    case "folder": try Files.makeDirectory(path)
    case "fifo": try #require(mkfifo(path, 0o600) == 0)
    default: break
    }
    #expect(try codes(audio(path)) == ["media.unreadable"])
    #expect(try codes(frames(path)) == ["media.unreadable"])
  }

  @Test("damage is counted and the rest is kept")
  func damaged() throws {
    let path = try clips.clickAndFlash("clean.ts", words: ["-c:v", "libx264", "-g", "25", "-c:a", "mp2"])
    var bytes = try Files.read(path)
    for position in stride(from: bytes.count / 3, to: bytes.count / 2, by: 211) { bytes[position] ^= 0x55 }
    try Files.write(bytes, to: clips.path("damaged.ts"))
    let seen = try frames(clips.path("damaged.ts"))
    #expect(codes(seen).contains("media.errors"))
    #expect(seen.reply.frames.map { $0.decodeErrors > 0 } == true)
    #expect(try FramePack.decode(seen.payload).count >= 8)
    #expect(try frames(clips.path("damaged.ts")) == seen)
  }
}
