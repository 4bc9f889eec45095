import CFFmpeg
import Corpus

/// Where the clock of a file begins anew, and what has to be added to its times from there on, so that it goes on: one
/// decision for audio and video together, so that they keep their distance.
///
/// Files that are joined byte by byte have such places: each part counts from its own start. A part begins where a
/// stream runs back by tenths of a second and stays back; the other stream's first packet of it is where that runs back
/// itself, or else its first one that is nearer to the new clock than to the old. The new part begins when all of the
/// old one has ended.
struct ClockRestarts {
  /// What counts of a packet.
  struct Packet {
    var stream: Int32
    /// When it is decoded; when it is presented, where nothing says that. Of each stream these rise.
    var time: MediaTime
    var presented: MediaTime
    var end: MediaTime
    /// Its number among the packets of its stream, those without a time included.
    var ordinal: Int
  }

  /// Of one stream, in the order of the packets: from this one on, what is added to its times.
  private var shifts: [Int32: [(ordinal: Int, shift: MediaTime)]] = [:]

  /// Muxers' overlaps are shorter.
  static let least = MediaTime(3, timescale: 10)
  /// Packets that a part has at least, so that single wrong times are none.
  private static let fewest = 3
  /// Packets of a part among which the first to be presented is.
  private static let mostReordered = 32

  var isEmpty: Bool { shifts.isEmpty }

  /// What is added to the times of packet `ordinal` of a stream.
  func shift(_ stream: Int32, _ ordinal: Int) -> MediaTime? {
    shifts[stream]?.last { $0.ordinal <= ordinal }?.shift
  }

  /// - Parameter packets: of all streams that count, in the order of the file.
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
        // The other stream's own turn is this one.
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
    /// Among all packets.
    var place: Int
    /// The clocks there.
    var old: MediaTime
    var new: MediaTime
  }

  /// - Parameter places: of the packets of one stream.
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

  /// Which packet of a stream is the first of the part that begins at `turn`, as an index in `places`.
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

/// The last times of one stream, by which is seen that it runs back: their median, so that one wrong time is none of
/// its past.
struct ClockTrail {
  private var last: [MediaTime] = []

  mutating func add(_ time: MediaTime) {
    last.append(time)
    if last.count > 3 { last.removeFirst() }
  }

  /// Where the stream was, if `time` runs back from there.
  func left(by time: MediaTime) -> MediaTime? {
    guard !last.isEmpty else { return nil }
    let usual = last.sorted()[(last.count - 1) / 2]
    return time < usual - ClockRestarts.least ? usual : nil
  }
}
