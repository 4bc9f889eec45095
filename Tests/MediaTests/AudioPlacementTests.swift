import Corpus
import Testing

@testable import Media

/// Where frames go by their times: the rules alone, at 48 kHz.
@Suite struct AudioPlacementTests {
  private typealias Stamp = AudioPlacement.Stamp

  /// Where each frame goes, with how many samples are left out before it.
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

  /// Frames of 1024 samples whose times are so many samples off the count.
  private func frames(_ count: Int, off: (Int) -> Int64) -> [Stamp] {
    (0..<count).map { Stamp(position: Int64($0) * 1024 + off($0), count: 1024) }
  }

  /// Where frames go that follow each other.
  private func counted(_ count: Int) -> [Int64] { (0..<count).map { Int64($0) * 1024 } }

  @Test("times rounded to milliseconds leave no seam and no overlap")
  func rounded() {
    let stamps = (0..<400).map { Stamp(position: (Int64($0) * 1024 * 1000 + 24_000) / 48_000 * 48, count: 1024) }
    #expect(placed(stamps, tick: MediaTime(1, timescale: 1000)).starts == counted(400))
  }

  @Test("times that stray and come back are not heeded", arguments: [60, 120, 480, 1000] as [Int64])
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

  @Test("times that are whole only where a packet of the container begins are those of the count")
  func interpolated() {
    // Five frames a packet, of which the demuxer takes four for a third shorter than they are.
    let result = placed(frames(300) { -Int64($0 % 5) * 340 })
    #expect(result.starts == counted(300))
  }

  @Test("one wrong time, however far off, moves nothing", arguments: [-40_000, 4800, 480_000] as [Int64])
  func single(off: Int64) {
    #expect(placed(frames(300) { $0 == 150 ? off : 0 }).starts == counted(300))
  }

  @Test("a hole stays a hole, of whatever length", arguments: [200, 1024, 5000, 480_000] as [Int64])
  func hole(length: Int64) {
    let result = placed(frames(200) { $0 < 100 ? 0 : length })
    #expect(result.starts == counted(100) + counted(200)[100...].map { $0 + length })
    #expect(result.state.seams == 1)
  }

  @Test("two holes, and a hole among times that stray, are where they are")
  func holes() {
    let two = placed(frames(200) { $0 < 100 ? 0 : $0 < 105 ? 1024 : 2048 })
    #expect(
      two.starts == counted(100) + counted(200)[100..<105].map { $0 + 1024 } + counted(200)[105...].map { $0 + 2048 })
    let lossy = placed(frames(300) { Int64($0 / 4) * 1024 })
    #expect(lossy.starts[..<280] == counted(300).enumerated().map { $1 + Int64($0 / 4) * 1024 }[..<280])
    let stray = placed(frames(200) { ($0 < 100 ? 0 : 9600) + ($0 % 3 == 0 ? 0 : 480) })
    #expect(stray.state.seams == 1 && abs(stray.starts[150] - 150 * 1024 - 9600) <= 480)
  }

  @Test("an overlap loses what is already there")
  func overlap() {
    let result = placed(frames(200) { $0 < 100 ? 0 : -2400 })
    #expect(Array(result.skipped[99..<104]) == [0, 1024, 1024, 352, 0])
    #expect(result.state.next == 200 * 1024 - 2400 && result.state.seams == 1)
  }

  @Test("a slow drift is made up for by tens of milliseconds at a time, not by each frame")
  func drift() {
    let result = placed(frames(3000) { Int64($0) * 3 })
    #expect((3...5).contains(result.state.seams) && result.state.contradictions == 0)
    for (k, start) in result.starts.enumerated() { #expect(abs(start - Int64(k) * 1027) <= 1930) }
  }

  @Test(
    "where nearly every time contradicts the samples they are counted, and it is said",
    arguments: [10, 512, 942, 1115, 2048, 3072] as [Int64])
  func contradiction(step: Int64) {
    let result = placed((0..<400).map { Stamp(position: Int64($0) * step, count: 1024) })
    #expect(result.starts == counted(400))
    #expect(result.state.contradictions > 100 && result.state.seams == 0)
  }

  @Test("a frame without a time follows the last")
  func missing() {
    #expect(placed([Stamp(position: 480, count: 480), Stamp(position: nil, count: 480)]).starts == [480, 960])
    let untimed = placed(
      [Stamp(position: 0, count: 10), Stamp(position: 9600, count: 10)]
        + frames(700) { _ in 0 }.map {
          Stamp(position: nil, count: $0.count)
        })
    #expect(untimed.state.next ?? 0 > 700 * 1024)
  }

  @Test("a clock that begins anew goes on where it was", arguments: [15_000, 80_000, 4_000_000] as [Int64])
  func restart(back: Int64) {
    let result = placed(frames(600) { $0 < 300 ? 4_000_000 : 4_000_000 - back })
    #expect(result.starts == counted(600).map { $0 + 4_000_000 })
    #expect(result.skipped.allSatisfy { $0 == 0 })
  }

  @Test("times beyond all recordings do not overflow")
  func extremes() {
    let result = placed([Int64.min, .max, .min, .max, .max, 0].map { Stamp(position: $0, count: 1024) })
    #expect(result.state.next != nil)
  }
}
