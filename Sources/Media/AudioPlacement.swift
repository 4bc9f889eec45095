import Corpus

/// Where decoded audio belongs on the clip clock, in samples of one rate.
///
/// The samples are counted: frames that follow each other in the stream also follow each other on the clock. The
/// frame's time is only compared with the count. If the two agree within the tolerance, the frame goes where the last
/// one ended. Otherwise the times of the later frames decide (`AudioTimes`):
///
/// - a gap or an overlap that the muxer left: the frame goes where its time says. A gap stays silent; in an overlap,
///   the later samples are dropped;
/// - times that stray and come back, an artifact of muxers and demuxers: the count goes on;
/// - times that run at another speed than the samples: the count goes on and is the clock from there on.
///
/// A frame without a time follows the last one. If a frame's time runs back by tenths of a second, the file's clock has
/// restarted: this frame and all later ones follow the last one.
struct AudioPlacement {
  /// The position of a frame by its own time, and its length, in samples.
  struct Stamp {
    var position: Int64?
    var count: Int
  }

  /// The end of the placed samples; nil before the first.
  private(set) var next: Int64?
  /// Frames that did not follow the last one.
  private(set) var seams = 0
  /// Frames whose times contradict the samples.
  private(set) var contradictions = 0
  /// Where the next frame begins by the count; before `next` while an overlap is left out.
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

  /// Places `frame`: the position of its first kept sample, and how many samples to leave out before it.
  /// - Parameter ahead: the frames that follow, the nearest first; nil after the last.
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

  /// How far from the count the frame goes, in samples.
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

  /// Limits a position to a range far larger than any recording and far from overflow.
  private static func bounded(_ position: Int64) -> Int64 { min(max(position, -1 << 50), 1 << 50) }
}
