import Basics
import Foundation
import Testing

@testable import Media

/// Compares decoded audio whose timestamps deviate from its samples with the same audio without deviations.
@Suite("Audio with deviating timestamps") struct AudioPlacingTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  /// Noise in which no two parts are alike.
  static func noise(_ seconds: Double, from start: Double = 0, rate: Int = 48_000) -> [String] {
    [
      "-f", "lavfi", "-i",
      "anoisesrc=d=30:c=pink:r=48000:a=0.5:seed=5,lowpass=f=5000,atrim=start=\(start):duration=\(seconds),"
        + "asetpts=N/SR/TB,aresample=\(rate),aformat=channel_layouts=stereo",
    ]
  }

  private func heard(_ path: String, startSeconds: Int = 0) throws -> (samples: [Int16], codes: [String]) {
    let outcome = try audio(path, startSeconds: startSeconds)
    return (try samples(ofFlac: outcome.payload, in: clips), codes(outcome))
  }

  /// The same noise without deviations.
  private func reference(_ seconds: Double = 12) throws -> [Int16] {
    try heard(clips.make("reference.flac", Self.noise(seconds) + ["-c:a", "flac"])).samples
  }

  @Test("AAC with jittering timestamps equals the clean clip", arguments: [60, 120, 480, 1000])
  func jitter(by ticks: Int) throws {
    let clean = try clips.make("clean.mp4", Self.noise(10) + ["-c:a", "aac", "-b:a", "192k"])
    let expected = try heard(clean).samples
    let patterns = [
      "if(mod(N\\,3)\\,0\\,\(ticks))", "if(mod(N\\,3)\\,\(ticks)\\,0)", "mod(N*7919\\,\(ticks))",
      "if(lt(mod(N\\,40)\\,20)\\,0\\,\(ticks))",
    ]
    for (k, pattern) in patterns.enumerated() {
      let path = try clips.make("\(k).mp4", "-i", clean, "-c", "copy", "-bsf:a", "setts=ts=PTS+\(pattern)")
      let found = try heard(path)
      #expect(found.codes == [], "\(pattern)")
      let (alike, lag) = match(found.samples, expected, 0.5, 9.5)
      #expect(alike > 0.98 && abs(lag) <= 336, "\(pattern): \(alike) at \(lag)")
      // A clip from the third second on has the same samples as the whole.
      let part = try heard(path, startSeconds: 3)
      #expect(match(part.samples, Array(expected[48_000...]), 0.5, 6.5).match > 0.98, "\(pattern)")
    }
  }

  @Test(
    "Vorbis in WebM, Opus in Matroska and MP3 in a transport stream with jitter equal the clean clip",
    arguments: [
      ("a.webm", "libvorbis", "if(mod(N\\,2)\\,11\\,0)"), ("b.mkv", "libopus", "mod(N*37\\,19)"),
      ("c.ts", "libmp3lame", "if(mod(N\\,4)\\,1300\\,0)"),
    ])
  func others(name: String, codec: String, pattern: String) throws {
    let clean = try clips.make("clean-\(name)", Self.noise(10) + ["-c:a", codec, "-b:a", "160k"])
    let path = try clips.make(name, "-i", clean, "-c", "copy", "-bsf:a", "setts=ts=PTS+\(pattern)")
    let (expected, found) = (try heard(clean), try heard(path))
    let (alike, lag) = match(found.samples, expected.samples, 0.5, 9.5)
    #expect(alike > 0.99 && abs(lag) <= 336, "\(alike) at \(lag)")
    #expect(found.codes == [])
  }

  @Test(
    "a stream that changes its sample rate is complete on both sides of the change",
    arguments: [(48_000, 44_100), (44_100, 48_000), (48_000, 32_000), (32_000, 48_000)])
  func rates(first: Int, second: Int) throws {
    let reference = try reference()
    for format in ["mpegts", "adts"] {
      func part(_ name: String, _ rate: Int, from start: Double) throws -> [UInt8] {
        let offset = format == "mpegts" ? ["-output_ts_offset", "\(start)"] : []
        let words = Self.noise(5, from: start, rate: rate) + ["-c:a", "aac", "-b:a", "160k"] + offset
        return try Files.read(clips.make(name, words + ["-f", format]))
      }
      let path = clips.path("joined.\(format)")
      try Files.write(part("a", first, from: 0) + part("b", second, from: 5), to: path)
      let found = try heard(path).samples
      for (from, to) in [(0.5, 4.7), (5.3, 7.3), (7.3, 9.7)] {
        let (alike, lag) = match(found, reference, from, to)
        // Joined parts include the encoder's priming samples and the padding of the last frame.
        #expect(alike > 0.93 && abs(lag) < 1280, "\(format) \(from) to \(to) s: \(alike) at \(lag)")
      }
    }
  }

  @Test("in AVI with a wrong scale, samples are counted, and this is reported", arguments: [0.01, 0.9, 1.3])
  func scale(factor: Double) throws {
    let words = Self.noise(10, rate: 44_100) + ["-c:a", "libmp3lame", "-b:a", "128k"]
    let path = try clips.make("a.avi", words)
    let expected = try heard(path)
    var bytes = try Files.read(path)
    let header = try #require(bytes.firstRange(of: Array("auds".utf8)))
    let field = header.lowerBound + 24
    // The rate field of the stream header.
    let rate = bytes[field..<field + 4].enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    for (k, byte) in withUnsafeBytes(of: UInt32(Double(rate) / factor).littleEndian, Array.init).enumerated() {
      bytes[field + k] = byte
    }
    try Files.write(bytes, to: clips.path("wrong.avi"))
    let found = try heard(clips.path("wrong.avi"))
    #expect(expected.codes == [] && found.codes == ["media.errors"])
    let (alike, lag) = match(found.samples, expected.samples, 0.5, 9.5)
    #expect(alike > 0.99 && abs(lag) <= 336, "\(alike) at \(lag)")
  }

  @Test("gaps in the timestamps become gaps of that length", arguments: [20, 100, 1500])
  func holes(milliseconds: Int) throws {
    let clean = try clips.make("clean.mp4", Self.noise(8) + ["-c:a", "aac", "-b:a", "192k"])
    let ticks = milliseconds * 48
    let path = try clips.make(
      "hole.mp4", "-i", clean, "-c", "copy", "-bsf:a", "setts=ts=PTS+if(gte(N\\,200)\\,\(ticks)\\,0)")
    let (expected, found) = (try heard(clean).samples, try heard(path))
    #expect(found.codes == [])
    #expect(match(found.samples, expected, 0.5, 4.0).lag == 0)
    let moved = match(found.samples, expected, 6.0, 7.5, around: milliseconds * 16)
    #expect(moved.match > 0.99 && abs(moved.lag - milliseconds * 16) <= 2, "\(moved)")
    if milliseconds >= 100 {
      // Frame 200 begins 4.245 s after the start, because the first frame holds the encoder's priming samples.
      let begin = Int(4.255 * 16_000)
      #expect(found.samples[begin..<begin + milliseconds * 16 - 480].allSatisfy { abs(Int($0)) <= 2 })
    }
  }

  @Test("overlapping audio is not repeated")
  func overlap() throws {
    func part(_ name: String, from start: Double, at offset: Double) throws -> [UInt8] {
      let words = Self.noise(4, from: start) + ["-c:a", "mp2", "-b:a", "256k", "-output_ts_offset", "\(offset)"]
      return try Files.read(clips.make(name, words + ["-f", "mpegts"]))
    }
    try Files.write(part("a", from: 0, at: 0) + part("b", from: 3.9, at: 3.9), to: clips.path("joined.ts"))
    let (found, reference) = (try heard(clips.path("joined.ts")), try reference())
    #expect(found.codes == [])
    for (from, to) in [(0.5, 3.8), (4.1, 7.5)] {
      let (alike, lag) = match(found.samples, reference, from, to)
      #expect(alike > 0.95 && abs(lag) < 600, "\(from) s: \(alike) at \(lag)")
    }
  }

  @Test("many gaps give a finding")
  func manyHoles() throws {
    let clean = try clips.make("clean.mp4", Self.noise(8) + ["-c:a", "aac", "-b:a", "192k"])
    let path = try clips.make(
      "holes.mp4", "-i", clean, "-c", "copy", "-bsf:a", "setts=ts=PTS+floor(N/20)*2400")
    let outcome = try audio(path)
    #expect(codes(outcome) == ["media.errors"])
    #expect(outcome.reply.findings.first?.evidence.hasSuffix("holes or overlaps between frames") == true)
  }
}

/// The best match of seconds [from, to) of `found` with `reference`, and the lag in samples at which it is reached.
/// - Parameter place: the expected lag; lags within 80 ms of it are tried.
func match(
  _ found: [Int16], _ reference: [Int16], _ from: Double, _ to: Double, around place: Int = 0
) -> (match: Double, lag: Int) {
  let range = Int(from * 16_000)..<min(found.count, Int(to * 16_000))
  let part = found[range].map(Double.init)
  let energy = part.reduce(0) { $0 + $1 * $1 }
  let whole = reference.map(Double.init)
  var best = (match: -1.0, lag: 0)
  for lag in place - 1280...place + 1280 {
    let begin = range.lowerBound - lag
    guard begin >= 0, begin + part.count <= whole.count else { continue }
    var (product, other) = (0.0, 0.0)
    for i in part.indices {
      product += part[i] * whole[begin + i]
      other += whole[begin + i] * whole[begin + i]
    }
    let match = product / max(1, (energy * other).squareRoot())
    if match > best.match { best = (match, lag) }
  }
  return best
}
