import Basics
import Testing

@testable import Audio

@Suite("FLAC encoding and decoding in memory")
struct FlacTests {
  private func noise(_ count: Int) -> [Int16] {
    var random = SeededRandom(seed: 3)
    return (0..<count).map { _ in Int16(truncatingIfNeeded: random.next()) }
  }

  @Test("samples are read back to the last bit, and missing ones are silence")
  func roundTrip() throws {
    let samples = noise(40_000)
    let bytes = try FlacEncoder.encode(samples, rate: FrontEnd.sampleRate)
    let found = try FlacDecoder.samples(bytes, count: 50_000, name: "a")
    #expect(found.prefix(40_000).map { Int16($0 * 32_768) } == samples)
    #expect(found.dropFirst(40_000).allSatisfy { $0 == 0 })
    #expect(try FlacDecoder.samples(bytes, count: 100, name: "a") == Array(found.prefix(100)))
    #expect(SixteenBit.rounded(Array(found.prefix(40_000))) == samples)
  }

  @Test("the content key depends only on the samples")
  func key() throws {
    let samples = noise(5_000)
    func key(_ samples: [Int16], _ rate: Int = FrontEnd.sampleRate) throws -> String? {
      try FlacEncoder.encode(samples, rate: rate).withUnsafeBytes { FlacDecoder.contentKey($0) }
    }
    let found = try #require(try key(samples))
    #expect(found.count == 32)
    #expect(try key(samples, 8_000) == found)
    #expect(try key(Array(samples.dropLast())) != found)
    #expect([UInt8]("RIFF".utf8).withUnsafeBytes { FlacDecoder.contentKey($0) } == nil)
  }

  @Test("anything other than 16 kHz mono FLAC is refused with the clip's name")
  func refusals() throws {
    let whole = try FlacEncoder.encode(noise(5_000), rate: FrontEnd.sampleRate)
    for bytes in [
      [], Array("no audio at all".utf8), Array(whole.prefix(30)), try FlacEncoder.encode([1, 2], rate: 8_000),
      // A WAV file, which libsndfile could read.
      Array("RIFF".utf8) + [60, 0, 0, 0] + Array("WAVEfmt ".utf8) + [
        16, 0, 0, 0, 1, 0, 1, 0, 128, 62, 0, 0, 0, 125, 0, 0, 2, 0, 16, 0,
      ]
        + Array("data".utf8) + [24, 0, 0, 0] + [UInt8](repeating: 9, count: 24),
    ] {
      let failure = #expect(throws: Failure.self) { try FlacDecoder.samples(bytes, count: 100, name: "clip-7") }
      #expect(failure?.code == "training.sound" && failure?.subject == "clip-7")
    }
  }
}
