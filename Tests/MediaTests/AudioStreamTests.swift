import Basics
import CFFmpeg
import Corpus
import Foundation
import Testing

@testable import Media

@Suite("The whole audio of a file, in pieces")
struct AudioStreamTests {
  /// Noise with a tone, so that no two parts are alike.
  private func noise(_ seconds: Double, rate: Int, _ channels: String = "mono") -> [String] {
    [
      "-f", "lavfi", "-i", "anoisesrc=d=\(seconds):c=pink:r=\(rate):a=0.4:seed=11,aformat=channel_layouts=\(channels)",
    ]
  }

  private func piece(_ path: String, _ first: Int, _ count: Int, start: Int = 0) throws -> DecodeOutcome {
    try ClipDecoder.decode(
      DecodeRequest(MediaSource(path), startMilliseconds: 1000 * start, work: .waveform(first: first, count: count)))
  }

  private func floats(_ outcome: DecodeOutcome) -> [Float] {
    outcome.payload.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  private func all(_ path: String, by count: Int) throws -> [Float] {
    var samples: [Float] = []
    var first = 0
    while true {
      let outcome = try piece(path, first, count)
      samples += floats(outcome)
      guard outcome.reply.continues == true else { return samples }
      first += count
    }
  }

  @Test(
    "the samples do not depend on the pieces, and rounded to 16 bit they are those used in training",
    arguments: [
      ("a.flac", 44_100), ("a.wav", 8_000), ("a.mp3", 48_000), ("a.mka", 16_000), ("a.wav", 11_025),
    ])
  func cuts(name: String, rate: Int) throws {
    let clips = try TestClips()
    let codec = name.hasSuffix("mka") ? ["-c:a", "pcm_s16le"] : []
    let path = try clips.make(name, noise(12.3, rate: rate) + codec)
    let whole = try all(path, by: 60)
    #expect(abs(Double(whole.count) / 16_000 - 12.3) < 0.06)
    for count in [1, 5, 12, 13] { #expect(try all(path, by: count) == whole, "pieces of \(count) s") }
    // A piece from the middle, asked for out of order, is the same.
    #expect(try floats(piece(path, 3, 4)) == Array(whole[48_000..<112_000]))
    #expect(try floats(piece(path, 1, 2)) == Array(whole[16_000..<48_000]))
    let trained = try samples(ofFlac: audio(path).payload, in: clips)
    let rounded = whole.prefix(160_000).map { Int16(max(-32768, min(32767, ($0 * 32768).rounded(.toNearestOrEven)))) }
    #expect(trained == Array(rounded))
  }

  @Test("audio that begins late has silence before it, and an excerpt begins at the requested time")
  func times() throws {
    let clips = try TestClips()
    let path = try clips.clickAndFlash("a.mp4", words: ["-c:v", "libx264", "-c:a", "aac"])
    let whole = try all(path, by: 60)
    let excerpt = try floats(piece(path, 0, 5, start: 2))
    #expect(try abs(onset(whole.map { Int16($0 * 32767) }) - 3) < 0.005)
    #expect(try abs(onset(excerpt.map { Int16($0 * 32767) }) - 1) < 0.005)
  }

  @Test("if channels cancel each other, the first one is used in every piece")
  func opposite() throws {
    let clips = try TestClips()
    let path = try clips.make("a.wav", TestClips.audio(44_100, channels: "opposite"))
    let outcome = try piece(path, 0, 60)
    #expect(codes(outcome) == ["audio.opposite"])
    #expect(floats(outcome).map(abs).max() ?? 0 > 0.5)
    #expect(try all(path, by: 2) == floats(outcome))
  }

  @Test("channels that cancel each other only after ten seconds are mixed, as in a clip, however the stream is cut")
  func lateOpposite() throws {
    let clips = try TestClips()
    let path = try clips.make(
      "a.wav", "-f", "lavfi", "-i", "aevalsrc=exprs='0.5*sin(2000*t)|if(gt(t,11),-0.5,0.5)*sin(2000*t)':s=44100:d=30")
    let whole = try piece(path, 0, 60)
    #expect(codes(whole).isEmpty && floats(whole).suffix(16_000).map(abs).max() ?? 1 < 1e-3)
    for count in [1, 10, 13] { #expect(try all(path, by: count) == floats(whole), "pieces of \(count) s") }
    // Initial silence does not decide whether channels are mixed.
    let silent = try clips.make(
      "b.wav", "-f", "lavfi", "-i", "aevalsrc=exprs='gt(t,14)*0.5*sin(2000*t)|gt(t,14)*-0.5*sin(2000*t)':s=48000:d=30")
    let heard = try piece(silent, 0, 60)
    #expect(codes(heard) == ["audio.opposite"] && floats(heard).suffix(16_000).map(abs).max() ?? 0 > 0.4)
    for count in [1, 7, 12] { #expect(try all(silent, by: count) == floats(heard), "pieces of \(count) s") }
  }

  @Test("a stream may change its sample rate several times, but not constantly")
  func rates() throws {
    let clips = try TestClips()
    func part(_ rate: Int, _ seconds: Double) throws -> [UInt8] {
      let path = try clips.make("\(rate)-\(seconds).mp3", noise(seconds, rate: rate) + ["-b:a", "64k"])
      return try Files.read(path)
    }
    func written(_ name: String, _ rates: [Int], _ seconds: Double) throws -> String {
      try Files.write(rates.flatMap { try part($0, seconds) }, to: clips.path(name))
      return clips.path(name)
    }
    let slow = try written("slow.mp3", [44_100, 48_000, 22_050, 32_000, 44_100, 48_000], 5)
    let whole = try piece(slow, 0, 60)
    // The demuxer loses sync once at each joint between files.
    #expect(whole.reply.audio?.decodeErrors ?? 99 < 10 && abs(Double(floats(whole).count) / 16_000 - 30) < 1)
    for count in [1, 10, 13] { #expect(try all(slow, by: count) == floats(whole), "pieces of \(count) s") }
    let fast = try written("fast.mp3", [44_100, 48_000, 22_050, 32_000, 44_100, 48_000], 1.2)
    #expect(try piece(fast, 0, 60).reply.audio?.decodeErrors ?? 0 > 30)
    for path in [slow, fast] {
      let trained = try samples(ofFlac: audio(path).payload, in: clips)
      let start = try floats(piece(path, 0, 10))
      let rounded = start.map { Int16(max(-32768, min(32767, ($0 * 32768).rounded(.toNearestOrEven)))) }
      #expect(Array(trained.prefix(rounded.count)) == rounded)
    }
  }

  @Test("formats that only libsndfile reads are read by it")
  func otherLibrary() throws {
    let clips = try TestClips()
    let wav = try clips.make("a.wav", noise(2.5, rate: 16_000, "stereo"))
    let raw = try Files.read(wav)
    // A MATLAB level 4 file, which libav cannot read.
    let samples = raw.suffix(40_000 * 2 * 2)
    let path = clips.path("a.mat")
    try Files.write(Self.matlab(Array(samples), channels: 2, rate: 16_000), to: path)
    #expect(try all(path, by: 60) == all(wav, by: 60))
    #expect(try piece(path, 0, 60).reply.audio?.codec == "libsndfile")
  }

  /// Two matrices: `samplerate` of doubles and `wavedata` of 16-bit integers.
  private static func matlab(_ samples: [UInt8], channels: Int, rate: Double) -> [UInt8] {
    func header(_ type: Int32, _ rows: Int, _ columns: Int, _ name: String) -> [UInt8] {
      let words = [type, Int32(rows), Int32(columns), 0, Int32(name.utf8.count + 1)]
      return words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } } + Array(name.utf8) + [0]
    }
    return header(0, 1, 1, "samplerate") + withUnsafeBytes(of: rate.bitPattern.littleEndian) { Array($0) }
      + header(30, channels, samples.count / 2 / channels, "wavedata") + samples
  }

  @Test("a file without audio, or a missing file, gives a finding")
  func refusals() throws {
    let clips = try TestClips()
    let mute = try clips.make("a.mp4", "-f", "lavfi", "-i", "color=s=64x64:d=1", "-c:v", "libx264")
    #expect(codes(try piece(mute, 0, 10)) == ["audio.missing"])
    try Files.write("no sound", to: clips.path("b.wav"))
    #expect(codes(try piece(clips.path("b.wav"), 0, 10)) == ["media.unreadable"])
    #expect(codes(try piece(clips.path("absent.wav"), 0, 10)) == ["media.unreadable"])
    let path = try clips.make("c.wav", noise(2, rate: 16_000))
    let beyond = try piece(path, 5, 10)
    #expect(beyond.payload.isEmpty && beyond.reply.continues == false)
  }
}
