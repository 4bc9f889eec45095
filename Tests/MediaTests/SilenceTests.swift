import Basics
import Corpus
import Foundation
import Testing

@testable import Media

/// Silence in the file, and silence that decoding would make.
@Suite struct SilenceTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  private static let silent = ["-f", "lavfi", "-i", "anullsrc=r=48000:d=10"]

  private func piece(_ path: String) throws -> DecodeOutcome {
    try ClipDecoder.decode(DecodeRequest(MediaSource(path), work: .waveform(first: 0, count: 60)))
  }

  @Test(
    "if the default audio stream is silent, the next stream is used, and the finding names it",
    arguments: ["mka", "mp4", "mov"])
  func streams(format: String) throws {
    let codec = ["-c:a", format == "mka" ? "flac" : "aac"]
    let path = try clips.make(
      "two.\(format)",
      Self.silent + AudioPlacingTests.noise(10) + [
        "-map", "0:a", "-map", "1:a", "-disposition:a:0", "default", "-disposition:a:1", "0",
      ]
        + codec)
    let alone = try clips.make("one.\(format)", AudioPlacingTests.noise(10) + codec)
    for outcome in [try audio(path), try piece(path)] {
      #expect(codes(outcome) == ["audio.substituted"])
      #expect(
        outcome.reply.findings.first?.evidence == "stream 0 (\(codec[1])) is silent, stream 1 (\(codec[1])) was taken")
    }
    let (found, expected) = (try audio(path), try audio(alone))
    let alike = try match(
      samples(ofFlac: found.payload, in: clips), samples(ofFlac: expected.payload, in: clips), 0.5, 9.5)
    #expect(alike.match > 0.99 && abs(alike.lag) <= 1)
  }

  @Test("if all streams are silent, there is one finding; if the default stream is not silent, it is used")
  func others() throws {
    let map = ["-map", "0:a", "-map", "1:a", "-c:a", "flac"]
    let quiet = try clips.make("quiet.mka", Self.silent + Self.silent + map)
    #expect(try codes(audio(quiet)) == ["audio.silent"])
    let loud = try clips.make("loud.mka", AudioPlacingTests.noise(10) + Self.silent + map)
    #expect(try codes(audio(loud)) == [])
  }

  @Test("silence is measured")
  func peak() throws {
    let zero = try clips.make("zero.wav", Self.silent)
    #expect(try audio(zero).reply.findings.map(\.evidence) == ["all samples are zero"])
    #expect(try piece(zero).reply.findings.map(\.code) == [.audioSilent])
    let faint = try clips.make(
      "faint.wav", "-f", "lavfi", "-i", "aevalsrc=exprs='0.00002*sin(2000*t)':s=48000:d=10", "-c:a", "pcm_s24le")
    #expect(try audio(faint).reply.findings.map(\.evidence) == ["the peak is -94.0 dBFS"])
    let soft = try clips.make(
      "soft.wav", "-f", "lavfi", "-i", "aevalsrc=exprs='0.0001*sin(2000*t)':s=48000:d=10", "-c:a", "pcm_s24le")
    #expect(try codes(audio(soft)) == [])
  }

  /// A WAV file whose samples do not use all bits of their bytes; they are left-aligned, as the format requires.
  private func wave(_ samples: [Int16], valid: Int, bytes: Int) -> [UInt8] {
    func field<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    let data = samples.flatMap { sample in
      field(Int64(sample) << Int64(bytes * 8 - 16)).prefix(bytes)
    }
    let pcm: [UInt8] = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
    let format =
      field(UInt16(0xFFFE)) + field(UInt16(1)) + field(UInt32(16_000)) + field(UInt32(16_000 * bytes))
      + field(UInt16(bytes)) + field(UInt16(bytes * 8)) + field(UInt16(22)) + field(UInt16(valid)) + field(UInt32(4))
      + pcm
    let body =
      Array("WAVEfmt ".utf8) + field(UInt32(format.count)) + format + Array("data".utf8) + field(UInt32(data.count))
      + data
    return Array("RIFF".utf8) + field(UInt32(body.count)) + body
  }

  @Test("WAV with unused bits is decoded correctly", arguments: [(24, 4), (20, 4), (24, 3), (16, 4)])
  func unusedBits(valid: Int, bytes: Int) throws {
    let plain = try clips.make(
      "plain.wav", AudioPlacingTests.noise(10, rate: 16_000) + ["-ac", "1", "-c:a", "pcm_s16le"])
    let expected = try samples(ofFlac: audio(plain).payload, in: clips)
    let path = clips.path("wide.wav")
    try Files.write(wave(expected, valid: valid, bytes: bytes), to: path)
    #expect(try samples(ofFlac: audio(path).payload, in: clips) == expected)
    #expect(try codes(piece(path)) == [])
    let part = try samples(ofFlac: audio(path, startSeconds: 2).payload, in: clips)
    #expect(part[..<128_000] == expected[32_000...])
  }
}
