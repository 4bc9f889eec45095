import Corpus
import Testing

@Suite("Times as fractions of a second")
struct MediaTimeTests {
  @Test("equal times are equal whatever their timescale, and hash alike; order is exact")
  func order() {
    let third = MediaTime(1, timescale: 3)
    #expect(third == MediaTime(100, timescale: 300) && third.hashValue == MediaTime(100, timescale: 300).hashValue)
    #expect(third < MediaTime(3_333_334, timescale: 10_000_000) && MediaTime(3_333_333, timescale: 10_000_000) < third)
    #expect(MediaTime(-1, timescale: 2) < .zero && MediaTime(-1, timescale: 2) < MediaTime(-1, timescale: 3))
    // Values that a Double cannot distinguish.
    let large = MediaTime(Int64.max, timescale: 1_000_000)
    #expect(MediaTime(Int64.max - 1, timescale: 1_000_000) < large && !(large < large))
    #expect(MediaTime(.min, timescale: .max) < MediaTime(.max, timescale: 1))
  }

  @Test(
    "conversion to another rate rounds to nearest, halves away from zero",
    arguments: [
      (1, 2, 1, 1), (-1, 2, 1, -1), (1, 3, 1, 0), (2, 3, 1, 1), (-2, 3, 1, -1), (1001, 30_000, 16_000, 534),
      (10, 1, 16_000, 160_000), (0, 7, 16_000, 0), (3, 2, 3, 5), (-3, 2, 3, -5),
    ] as [(Int64, Int64, Int64, Int64)])
  func units(value: Int64, timescale: Int64, rate: Int64, expected: Int64) {
    #expect(MediaTime(value, timescale: timescale).units(of: rate) == expected)
  }

  @Test("sums are exact if they fit, and do not trap otherwise")
  func sums() {
    let sum = MediaTime(1, timescale: 3) + MediaTime(1, timescale: 6)
    #expect(sum == MediaTime(1, timescale: 2) && sum - MediaTime(1, timescale: 2) == .zero)
    for a in [Int64.min, .min + 1, -1, 0, 1, .max] {
      for (first, second) in [(1, 1), (1, 3), (Int64.max, 2), (.max, .max - 1)] as [(Int64, Int64)] {
        for b in [Int64.min, -1, 0, .max] {
          let (x, y) = (MediaTime(a, timescale: first), MediaTime(b, timescale: second))
          _ = (x + y, x - y, x < y, x == y, x.units(of: .max), x.units(of: 1), x.seconds)
        }
      }
    }
    #expect(MediaTime(.max, timescale: 1).units(of: 2) == .max && MediaTime(.min, timescale: 1).units(of: 2) == .min)
  }

  @Test("a stream's time base gives a time, or nil if it is invalid or does not fit")
  func base() {
    #expect(MediaTime(90_000, base: 1, 90_000) == MediaTime(1, timescale: 1))
    #expect(MediaTime(2, base: 1001, 30_000) == MediaTime(2002, timescale: 30_000))
    #expect(MediaTime(1, base: 0, 1) == nil && MediaTime(1, base: 1, 0) == nil && MediaTime(1, base: -1, 5) == nil)
    #expect(MediaTime(.max, base: 2, 1) == nil && MediaTime(5, timescale: 0).timescale == 1)
  }
}
