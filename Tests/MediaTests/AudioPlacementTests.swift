import Corpus
import Testing

@testable import Media

/// The rules that place audio frames by their timestamps, without decoding, at 48 kHz.
@Suite struct AudioPlacementTests {
  private typealias Stamp = AudioPlacement.Stamp

  /// The start of each frame, and how many of its samples are skipped.
  private func placed(
    _ stamps: [Stamp], tick: MediaTime = MediaTime(1, timescale: 48_000)
  ) -> (starts: [Int64], skipped: [Int], state: AudioPlacement) {
    var placement = AudioPlacement(rate: 48_000, tick: tick)
    var (starts, skipped): ([Int64], [Int]) = ([], [])
    for i in stamps.indices {
      let place = placement.place(stamps[i]) { i + 1 + $0 < stamps.count ? stamps[i + 1 + $0] : nil }
      starts.append(place.start)
      skipped.append(place.skipped)
    }
    return (starts, skipped, placement)
  }

  /// Frames of 1024 samples whose timestamps deviate from the sample count by `off`.
  private func frames(_ count: Int, off: (Int) -> Int64) -> [Stamp] {
    (0..<count).map { Stamp(position: Int64($0) * 1024 + off($0), count: 1024) }
  }

  /// The starts of frames that follow each other without a gap.
  private func counted(_ count: Int) -> [Int64] { (0..<count).map { Int64($0) * 1024 } }

  @Test("timestamps rounded to milliseconds leave no gap and no overlap")
  func rounded() {
    let stamps = (0..<400).map { Stamp(position: (Int64($0) * 1024 * 1000 + 24_000) / 48_000 * 48, count: 1024) }
    #expect(placed(stamps, tick: MediaTime(1, timescale: 1000)).starts == counted(400))
  }

  @Test("timestamps that deviate and return are ignored", arguments: [60, 120, 480, 1000] as [Int64])
  func jitter(by most: Int64) {
    let patterns: [(Int) -> Int64] = [
      { $0 % 3 == 0 ? 0 : most }, { $0 % 2 == 0 ? 0 : -most }, { $0 % 50 < 25 ? 0 : most },
      { ($0 * 7919 + 13) % 101 < 50 ? Int64($0 * 7919 % 101) * most / 101 : -Int64($0 * 31 % 101) * most / 101 },
    ]
    for (k, pattern) in patterns.enumerated() {
      let result = placed(frames(468, off: { $0 == 0 ? 0 : pattern($0) }))
      #expect(result.starts == counted(468), "pattern \(k)")
      #expect(result.state.seams == 0 && result.state.contradictions == 0, "pattern \(k)")
    }
  }

  @Test("if timestamps are exact only at the start of a container packet, samples are counted")
  func interpolated() {
    // There are five frames per packet, and the demuxer takes four of them for a third shorter than they are.
    let result = placed(frames(300) { -Int64($0 % 5) * 340 })
    #expect(result.starts == counted(300))
  }

  @Test("a single wrong timestamp, however far off, moves nothing", arguments: [-40_000, 4800, 480_000] as [Int64])
  func single(off: Int64) {
    #expect(placed(frames(300) { $0 == 150 ? off : 0 }).starts == counted(300))
  }

  @Test("a gap of any length stays a gap", arguments: [200, 1024, 5000, 480_000] as [Int64])
  func hole(length: Int64) {
    let result = placed(frames(200) { $0 < 100 ? 0 : length })
    #expect(result.starts == counted(100) + counted(200)[100...].map { $0 + length })
    #expect(result.state.seams == 1)
  }

  @Test("two gaps, and a gap among deviating timestamps, keep their places")
  func holes() {
    let two = placed(frames(200) { $0 < 100 ? 0 : $0 < 105 ? 1024 : 2048 })
    #expect(
      two.starts == counted(100) + counted(200)[100..<105].map { $0 + 1024 } + counted(200)[105...].map { $0 + 2048 })
    let lossy = placed(frames(300) { Int64($0 / 4) * 1024 })
    #expect(lossy.starts[..<280] == counted(300).enumerated().map { $1 + Int64($0 / 4) * 1024 }[..<280])
    let stray = placed(frames(200) { ($0 < 100 ? 0 : 9600) + ($0 % 3 == 0 ? 0 : 480) })
    #expect(stray.state.seams == 1 && abs(stray.starts[150] - 150 * 1024 - 9600) <= 480)
  }

  @Test("the overlapping samples of a frame are dropped")
  func overlap() {
    let result = placed(frames(200) { $0 < 100 ? 0 : -2400 })
    #expect(Array(result.skipped[99..<104]) == [0, 1024, 1024, 352, 0])
    #expect(result.state.next == 200 * 1024 - 2400 && result.state.seams == 1)
  }

  @Test("a slow drift is corrected by tens of milliseconds at a time, not at each frame")
  func drift() {
    let result = placed(frames(3000) { Int64($0) * 3 })
    #expect((3...5).contains(result.state.seams) && result.state.contradictions == 0)
    for (k, start) in result.starts.enumerated() { #expect(abs(start - Int64(k) * 1027) <= 1930) }
  }

  @Test(
    "if nearly every timestamp contradicts the sample count, samples are counted and this is reported",
    arguments: [10, 512, 942, 1115, 2048, 3072] as [Int64])
  func contradiction(step: Int64) {
    let result = placed((0..<400).map { Stamp(position: Int64($0) * step, count: 1024) })
    #expect(result.starts == counted(400))
    #expect(result.state.contradictions > 100 && result.state.seams == 0)
  }

  @Test("a frame without a timestamp follows the previous frame")
  func missing() {
    #expect(placed([Stamp(position: 480, count: 480), Stamp(position: nil, count: 480)]).starts == [480, 960])
    let untimed = placed(
      [Stamp(position: 0, count: 10), Stamp(position: 9600, count: 10)]
        + frames(700) { _ in 0 }.map {
          Stamp(position: nil, count: $0.count)
        })
    #expect(untimed.state.next ?? 0 > 700 * 1024)
  }

  @Test("after a clock restart, audio continues where it was", arguments: [15_000, 80_000, 4_000_000] as [Int64])
  func restart(back: Int64) {
    let result = placed(frames(600) { $0 < 300 ? 4_000_000 : 4_000_000 - back })
    #expect(result.starts == counted(600).map { $0 + 4_000_000 })
    #expect(result.skipped.allSatisfy { $0 == 0 })
  }

  @Test("absurdly large timestamps do not overflow")
  func extremes() {
    let result = placed([Int64.min, .max, .min, .max, .max, 0].map { Stamp(position: $0, count: 1024) })
    #expect(result.state.next != nil)
  }
}
