import Basics
import Corpus
import Testing

@testable import Media

/// Files that are concatenated byte by byte, so that the clock restarts.
@Suite("A clock that restarts") struct JoinedClockTests {
  private let clips: TestClips

  init() throws { clips = try TestClips() }

  private func heard(_ path: String, startSeconds: Int = 0) throws -> [Int16] {
    try samples(ofFlac: audio(path, startSeconds: startSeconds).payload, in: clips)
  }

  private func reference() throws -> [Int16] {
    try heard(clips.make("reference.flac", AudioPlacingTests.noise(10) + ["-c:a", "flac"]))
  }

  @Test(
    "audio continues where the first part ended",
    arguments: [("opus", "libopus"), ("ogg", "libvorbis"), ("ogg", "flac")], [0.4, 1.6, 4.0])
  func chained(format: (name: String, codec: String), first: Double) throws {
    func part(_ name: String, from start: Double, _ seconds: Double) throws -> [UInt8] {
      let words = AudioPlacingTests.noise(seconds, from: start) + ["-c:a", format.codec, "-b:a", "160k"]
      return try Files.read(clips.make("\(name).\(format.name)", words))
    }
    let path = clips.path("chain.\(format.name)")
    try Files.write(part("a", from: 0, first) + part("b", from: first, 10 - first), to: path)
    let (found, reference) = (try heard(path), try reference())
    for (from, to) in [(0.05, first - 0.05), (first + 0.2, 9.5)] {
      let (alike, lag) = match(found, reference, from, to)
      #expect(alike > 0.93 && abs(lag) <= 64, "\(from) s: \(alike) at \(lag)")
    }
  }

  /// Concatenates parts of a transport stream, each with its own clock: a video with numbered frames, and audio.
  private func joined(_ name: String, _ lengths: [Double], audio: [Double]? = nil) throws -> String {
    var (bytes, start): ([UInt8], Double) = ([], 0)
    for (k, length) in lengths.enumerated() {
      let heard = AudioPlacingTests.noise(audio?[k] ?? length, from: start)
      let image = ["-ss", "\(start)", "-t", "\(length)"] + NumberedFrame.words(30)
      bytes += try Files.read(
        clips.make(
          "part\(k).ts",
          image + heard + ["-map", "0:v", "-map", "1:a"] + NumberedFrame.codec
            + ["-c:a", "mp2", "-b:a", "256k", "-f", "mpegts"]))
      start += length
    }
    try Files.write(bytes, to: clips.path(name))
    return clips.path(name)
  }

  @Test("audio and video stay in sync", arguments: [[1.6, 10.4], [4.0, 8.0], [2.0, 2.0, 8.0]])
  func transport(lengths: [Double]) throws {
    let path = try joined("joined.ts", lengths)
    let (found, reference) = (try heard(path), try reference())
    let inLast = lengths.dropLast().reduce(0, +) + 0.3
    for (from, to, joints) in [(0.2, lengths[0] - 0.1, 0), (inLast, 9.4, lengths.count - 1)] {
      let (alike, lag) = match(found, reference, from, to)
      // Each part's audio includes the encoder's priming samples, and its video ends up to a frame later.
      #expect(alike > 0.9 && abs(lag) <= 500 + 700 * joints, "\(from) s: \(alike) at \(lag)")
    }
    let seen = try frames(path, "2")
    #expect(seen.reply.findings == [])
    let numbers = try NumberedFrame.numbers(seen, in: clips)
    #expect(numbers.count == 20)
    for (k, number) in numbers.enumerated() {
      #expect(NumberedFrame.distance(number, k * 25 / 2) <= 2, "\(k): \(number)")
    }
  }

  @Test("if the audio of the first part stops early, audio and video are in sync in the second")
  func early() throws {
    let path = try joined("early.ts", [3, 9], audio: [1.5, 9])
    let (found, reference) = (try heard(path), try reference())
    let (alike, lag) = match(found, reference, 3.3, 9.4)
    #expect(alike > 0.9 && abs(lag) <= 1000, "\(alike) at \(lag)")
    #expect(found[30_000..<46_000].allSatisfy { abs(Int($0)) <= 2 })
  }

  @Test("a clip from such a file is the one that a file with a single clock gives")
  func within() throws {
    let path = try joined("segments.ts", [8, 10])
    let whole = try clips.make("long.flac", AudioPlacingTests.noise(18) + ["-c:a", "flac"])
    let (found, expected) = (try heard(path, startSeconds: 6), try heard(whole, startSeconds: 6))
    for (from, to) in [(0.2, 1.8), (2.2, 9.5)] {
      let (alike, lag) = match(found, expected, from, to)
      #expect(alike > 0.9 && abs(lag) <= 1000, "\(from) s: \(alike) at \(lag)")
    }
    let numbers = try NumberedFrame.numbers(frames(path, "2", startSeconds: 6), in: clips)
    #expect(numbers.count == 20)
    for (k, number) in numbers.enumerated() { #expect(NumberedFrame.distance(number, 150 + k * 25 / 2) <= 2) }
  }

  @Test("parts are found from packets alone")
  func parts() {
    func packets(_ stream: Int32, _ times: [Int64]) -> [ClockRestarts.Packet] {
      times.enumerated().map { ordinal, value in
        let time = MediaTime(value, timescale: 100)
        return ClockRestarts.Packet(
          stream: stream, time: time, presented: time, end: time + MediaTime(4, timescale: 100), ordinal: ordinal)
      }
    }
    func shift(_ restarts: ClockRestarts, _ stream: Int32, _ ordinal: Int) -> Double? {
      restarts.shift(stream, ordinal)?.seconds
    }
    let rising = Array(stride(from: Int64(0), to: 400, by: 4))
    #expect(ClockRestarts(packets(0, rising)).isEmpty)
    let twice = ClockRestarts(packets(0, rising + rising))
    #expect(shift(twice, 0, 99) == nil && shift(twice, 0, 100) == 4 && shift(twice, 0, 199) == 4)
    // One wrong time, and a short overlap.
    #expect(ClockRestarts(packets(0, rising.map { $0 == 200 ? 0 : $0 })).isEmpty)
    #expect(ClockRestarts(packets(0, rising.map { $0 == 200 ? 90_000 : $0 })).isEmpty)
    #expect(ClockRestarts(packets(0, rising + rising.map { $0 + 376 })).isEmpty)
    // The other stream of the first part is shorter; both parts begin together.
    let audio = packets(1, Array(rising.prefix(50)))
    var second = packets(1, rising)
    for k in second.indices { second[k].ordinal += 50 }
    var image = packets(0, rising)
    for k in image.indices { image[k].ordinal += 100 }
    let both = ClockRestarts(packets(0, rising) + audio + image + second)
    #expect(shift(both, 0, 100) == 4 && shift(both, 1, 50) == 4 && shift(both, 1, 49) == nil)
  }
}
