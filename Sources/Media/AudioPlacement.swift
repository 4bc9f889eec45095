import Corpus

/// Where decoded audio belongs on the clip clock, in samples of one rate.
///
/// Frames that follow each other in the stream follow each other on the clock: what is counted is the samples, and
/// times are only held against the count. A frame that begins within the tolerance of where the last one ended needs no
/// more. Of any other the times of the frames behind it tell what it is (`AudioTimes`):
///
/// - a hole or an overlap that the muxer left: the frame goes where its time says. A hole stays silent, an overlap
///   loses what is already there;
/// - times that stray and come back, which muxers and demuxers make up: the count goes on;
/// - times that run at another speed than the samples: the count goes on, and is the clock from then on.
///
/// A frame without a time follows the last. Audio that would run back by tenths of a second is of a clock that began
/// anew: it and all after it follow the last.
struct AudioPlacement {
  /// A frame in the stream: where its time puts it, and how long it is, in samples.
  struct Stamp {
    var position: Int64?
    var count: Int
  }

  /// Where samples were placed up to; nil before the first.
  private(set) var next: Int64?
  /// Frames that did not follow the last one.
  private(set) var seams = 0
  /// Frames whose times contradict the samples.
  private(set) var contradictions = 0
  /// Where the next frame begins by the count: before `next` while an overlap is left out.
  private var count: Int64 = 0
  private var shift: Int64 = 0
  private var past = AudioTimes.Past()
  private let rules: AudioTimes.Rules

  /// - Parameter tick: one unit of the container's clock.
  init(rate: Int, tick: MediaTime) { rules = AudioTimes.Rules(rate: rate, tick: tick) }

  /// The same clock counted at another rate.
  init(_ other: AudioPlacement, from oldRate: Int, to rate: Int, tick: MediaTime) {
    self.init(rate: rate, tick: tick)
    func counted(_ value: Int64) -> Int64 { MediaTime(value, timescale: Int64(oldRate)).units(of: Int64(rate)) }
    next = other.next.map(counted)
    count = counted(other.count)
    shift = counted(other.shift)
    past = other.past
    past.strayed = counted(past.strayed)
    (seams, contradictions) = (other.seams, other.contradictions)
  }

  /// Where `frame` goes: the position of the first kept sample, and how many to leave out before it.
  /// - Parameter ahead: the frames that follow it, the nearest first; nil after the last.
  mutating func place(
    _ frame: Stamp, ahead: (Int) throws -> Stamp?
  ) rethrows -> (start: Int64, skipped: Int) {
    var start = count
    if let position = frame.position.map(onClock) {
      let deviation = next == nil ? 0 : position - count
      if next == nil {
        start = position
      } else if abs(deviation) > rules.tolerance {
        start = count + judged(try times(frame, deviation, ahead: ahead))
      } else {
        past.contradicts = false
      }
      past.strayed = onClock(frame.position ?? 0) - start
    }
    count = Self.bounded(start + Int64(frame.count))
    let skipped = next.map { Int(min(Int64(frame.count), max(0, $0 - start))) } ?? 0
    next = max(next ?? count, count)
    return (start + Int64(skipped), skipped)
  }

  /// How far from the count the frame goes.
  private mutating func judged(_ times: AudioTimes) -> Int64 {
    let verdict = times.verdict(after: past)
    past.contradicts = verdict == .contradict
    past.comesBack = past.comesBack || times.comesBack
    switch verdict {
    case .followsOn: return 0
    case .contradict:
      contradictions += 1
      shift = Self.bounded(shift - times.deviations[0])
      return 0
    case .anew(let deviation):
      seams += 1
      guard deviation < -rules.restart else { return deviation }
      shift = Self.bounded(shift - deviation)
      return 0
    }
  }

  private func times(
    _ frame: Stamp, _ deviation: Int64, ahead: (Int) throws -> Stamp?
  ) rethrows -> AudioTimes {
    var times = AudioTimes(rules, first: deviation)
    var (end, place) = (Int64(frame.count), 0)
    while place < AudioTimes.most, times.wantsMore(at: end), let following = try ahead(place) {
      if let position = following.position { times.add(onClock(position) - count - end, at: end) }
      end += Int64(following.count)
      place += 1
    }
    return times
  }

  private func onClock(_ position: Int64) -> Int64 { Self.bounded(Self.bounded(position) + shift) }

  /// Far beyond any recording, and far from overflow.
  private static func bounded(_ position: Int64) -> Int64 { min(max(position, -1 << 50), 1 << 50) }
}
