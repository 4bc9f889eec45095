import Basics
import Corpus
import Testing

@testable import Media

@Suite struct FramePackTests {
  private static let frames = [
    FramePack.Frame(time: 0, jpeg: [1, 2, 3]), FramePack.Frame(time: 0.5, jpeg: []),
    FramePack.Frame(time: 9.5, jpeg: [4]),
  ]

  @Test("packed frames are read back, and the bytes follow the format")
  func roundTrip() throws {
    let bytes = FramePack.encode(Self.frames)
    #expect(try FramePack.decode(bytes) == Self.frames)
    #expect(try FramePack.decode(FramePack.encode([])) == [])
    let one = FramePack.encode([FramePack.Frame(time: 1, jpeg: [9])])
    #expect(one == [70, 82, 77, 83, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 1, 0, 0, 0, 9])
  }

  @Test("a truncated or extended pack is refused, at every length")
  func lengths() {
    let bytes = FramePack.encode(Self.frames)
    for count in 0..<bytes.count {
      #expect(throws: Failure.self) { try FramePack.decode(Array(bytes[..<count])) }
    }
    #expect(throws: Failure.self) { try FramePack.decode(bytes + [0]) }
  }

  @Test("wrong magic, version, count, time or length is refused", arguments: [0, 4, 8, 19, 20])
  func fields(position: Int) {
    var bytes = FramePack.encode(Self.frames)
    bytes[position] = 0xFF
    if position == 19 { bytes[18] = 0xF0 }
    #expect(throws: Failure.self) { try FramePack.decode(bytes) }
  }
}

@Suite struct FrameRateTests {
  @Test(
    "is an exact fraction in lowest terms",
    arguments: [
      ("1", "1", 10), ("2", "2", 20), ("0.5", "1/2", 5), ("30", "30", 300), ("30000/1001", "30000/1001", 300),
      ("29.97", "2997/100", 300), ("60/2", "30", 300), ("0.3", "3/10", 3), ("1/60", "1/60", 1),
    ])
  func reads(text: String, written: String, count: Int) throws {
    let rate = try FrameRate(text)
    #expect(rate.description == written)
    #expect(rate.count(seconds: 10) == count)
    #expect(try FrameRate(rate.description) == rate)
    #expect(rate.time(count - 1) < MediaTime(10, timescale: 1))
    #expect(!(rate.time(count) < MediaTime(10, timescale: 1)))
  }

  @Test(
    "refuses invalid text",
    arguments: [
      "", "0", "-1", "+1", "x", "1/0", "0/1", "1/61", "241", "1.", ".5", "1e3", "1/2/3", "nan", "99999999999999999999",
      "1 ",
    ])
  func refuses(text: String) {
    #expect(throws: Failure.self) { try FrameRate(text) }
  }
}

@Suite struct WorkerMessageTests {
  @Test("a request passes through the pipe unchanged")
  func request() throws {
    let request = DecodeRequest(
      MediaSource("/a b/\u{e9}.mp4", bytes: 512..<1024), startMilliseconds: 3500, seconds: 5,
      work: .frames(fps: try FrameRate("0.5")))
    var rest = try WorkerMessage.bytes(request, payload: [1, 2])[...]
    let message = try #require(
      try WorkerMessage.receive(DecodeRequest.self) { count in
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      })
    #expect(message.header == request)
    #expect(message.payload == [1, 2])
  }

  @Test(
    "lengths beyond the limits are refused before anything is read",
    arguments: [
      [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], [2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 3],
    ] as [[UInt8]])
  func lengths(prefix: [UInt8]) {
    #expect(throws: Failure.self) { try WorkerMessage.lengths(prefix) }
  }
}
