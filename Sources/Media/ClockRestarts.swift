import CFFmpeg
import Corpus

/// Where the clock of a file restarts, and what is added to the later times so that they continue. There is one
/// decision for audio and video together, so that they stay in sync.
///
/// Files that were joined byte by byte have such places: each part counts from its own start. A part begins where a
/// stream runs back by tenths of a second and stays there. In the other stream, the part begins at the packet where
/// that stream itself runs back, or else at the first packet that is closer to the new clock than to the old one. The
/// new part starts when everything in the old part has ended.
struct ClockRestarts {
  /// The facts of a packet that matter here.
  struct Packet {
    var stream: Int32
    /// The decoding time, or the presentation time if there is none. Within a stream these times increase.
    var time: MediaTime
    var presented: MediaTime
    var end: MediaTime
    /// Its number within its stream, counting packets without a time.
    var ordinal: Int
  }

  /// For each stream, in packet order: the first packet, and the shift added to times from there on.
  private var shifts: [Int32: [(ordinal: Int, shift: MediaTime)]] = [:]

  /// Longer than an overlap left by a muxer.
  static let least = MediaTime(3, timescale: 10)
  /// A part has at least this many packets, so that a single wrong time does not count as a part.
  private static let fewest = 3
  /// The first frame to be presented is among this many packets of a part.
  private static let mostReordered = 32

  var isEmpty: Bool { shifts.isEmpty }

  /// The shift added to the times of packet `ordinal` of a stream.
  func shift(_ stream: Int32, _ ordinal: Int) -> MediaTime? {
    shifts[stream]?.last { $0.ordinal <= ordinal }?.shift
  }

  /// - Parameter packets: the packets of both chosen streams, in file order.
  init(_ packets: [Packet]) {
    var streams: [Int32: [Int]] = [:]
    for (place, packet) in packets.enumerated() { streams[packet.stream, default: []].append(place) }
    var turns = streams.values.flatMap { Self.turns(packets, $0) }.sorted { $0.place < $1.place }
    var begins = streams.mapValues { _ in 0 }
    var total = MediaTime.zero
    while let turn = turns.first {
      turns.removeFirst()
      var (end, start): (MediaTime?, MediaTime?)
      var found: [Int32: Int] = [:]
      for (stream, places) in streams {
        let from = begins[stream] ?? 0
        guard let begin = Self.begin(of: turn, stream, packets, places, from: from, turns) else {
          for place in places[from...] { end = max(end ?? packets[place].end, packets[place].end) }
          continue
        }
        for place in places[from..<begin] { end = max(end ?? packets[place].end, packets[place].end) }
        for place in places[begin...].prefix(Self.mostReordered) {
          start = min(start ?? packets[place].presented, packets[place].presented)
        }
        found[stream] = begin
        // The other stream's own turn is the same restart.
        if let first = turns.firstIndex(where: { $0.stream == stream }), turns[first].place == places[begin] {
          turns.remove(at: first)
        }
      }
      guard let end, let start else { continue }
      total = total + (end - start)
      for (stream, begin) in found {
        begins[stream] = begin
        if let place = streams[stream]?[begin] {
          shifts[stream, default: []].append((packets[place].ordinal, total))
        }
      }
    }
  }

  /// A place where a stream runs back.
  private struct Turn {
    var stream: Int32
    /// The index among all packets.
    var place: Int
    /// The times of the old and of the new clock there.
    var old: MediaTime
    var new: MediaTime
  }

  /// - Parameter places: the indices of one stream's packets.
  private static func turns(_ packets: [Packet], _ places: [Int]) -> [Turn] {
    var turns: [Turn] = []
    var trail = ClockTrail()
    for (k, place) in places.enumerated() {
      let packet = packets[place]
      if let old = trail.left(by: packet.time) {
        let following = places[k...].prefix(fewest)
        guard following.count == fewest, following.allSatisfy({ packets[$0].time < old - least }) else { continue }
        turns.append(Turn(stream: packet.stream, place: place, old: old, new: packet.time))
        trail = ClockTrail()
      }
      trail.add(packet.time)
    }
    return turns
  }

  /// The first packet of a stream in the part that begins at `turn`, as an index into `places`.
  private static func begin(
    of turn: Turn, _ stream: Int32, _ packets: [Packet], _ places: [Int], from: Int, _ turns: [Turn]
  ) -> Int? {
    if stream == turn.stream { return places.firstIndex(of: turn.place) }
    let limit = turns.first { $0.stream == turn.stream }?.place ?? .max
    if let own = turns.first(where: { $0.stream == stream }), own.place < limit {
      return places.firstIndex(of: own.place)
    }
    return places[from...].firstIndex { place in
      let time = packets[place].time
      return place > turn.place && distance(time, turn.new) < distance(time, turn.old)
    }
  }

  private static func distance(_ a: MediaTime, _ b: MediaTime) -> MediaTime { a < b ? b - a : a - b }
}

/// The last times of one stream, used to detect that it runs back. It compares with their median, so that one wrong
/// time has no effect.
struct ClockTrail {
  private var last: [MediaTime] = []

  mutating func add(_ time: MediaTime) {
    last.append(time)
    if last.count > 3 { last.removeFirst() }
  }

  /// The stream's position before `time`, if `time` runs back from it.
  func left(by time: MediaTime) -> MediaTime? {
    guard !last.isEmpty else { return nil }
    let usual = last.sorted()[(last.count - 1) / 2]
    return time < usual - ClockRestarts.least ? usual : nil
  }
}
