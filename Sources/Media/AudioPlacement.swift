import Corpus

/// Where decoded audio belongs on the clip clock, in samples of one rate: the rules for timestamps as they are in the
/// wild.
///
/// - A frame that begins within the tolerance of where the last one ended follows it without a seam: containers round
///   times, some to whole milliseconds.
/// - One that begins later leaves silence before it.
/// - One that begins earlier loses what is already there.
/// - One without a time follows the last.
/// - One that jumps back by over ten seconds is from a clock that began anew: it and all after it follow the last.
struct AudioPlacement {
  private(set) var next: Int64?
  private var shift: Int64 = 0
  private let tolerance: Int64
  private let restart: Int64

  /// - Parameter tick: one unit of the container's clock.
  init(rate: Int, tick: MediaTime) {
    let ticks = MediaTime(tick.value &* 10, timescale: tick.timescale).units(of: Int64(rate))
    tolerance = min(max(ticks, Int64(rate) / 500), Int64(rate) / 50)
    restart = Int64(rate) * 10
  }

  /// The same clock counted at another rate.
  init(_ other: AudioPlacement, from oldRate: Int, to rate: Int, tick: MediaTime) {
    self.init(rate: rate, tick: tick)
    next = other.next.map { MediaTime($0, timescale: Int64(oldRate)).units(of: Int64(rate)) }
    shift = MediaTime(other.shift, timescale: Int64(oldRate)).units(of: Int64(rate))
  }

  /// Where `count` samples stamped `position` go: the position of the first kept one, and how many to leave out before
  /// it.
  mutating func place(_ position: Int64?, count: Int) -> (start: Int64, skipped: Int) {
    let expected = next ?? 0
    var start = Self.bounded(position.map { Self.bounded($0) + shift } ?? expected)
    if next != nil {
      if start < expected - restart {
        shift += expected - start
        start = expected
      } else if abs(start - expected) <= tolerance {
        start = expected
      }
    }
    let skipped = next == nil ? 0 : Int(min(Int64(count), max(0, expected - start)))
    next = max(next ?? start, start + Int64(count))
    return (start + Int64(skipped), skipped)
  }

  /// Far beyond any recording, and far from overflow.
  private static func bounded(_ position: Int64) -> Int64 { min(max(position, -1 << 50), 1 << 50) }
}
