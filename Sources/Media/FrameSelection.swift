import CFFmpeg
import Corpus

/// Which packets of a video stream must be decoded for the requested times: the rest is passed over, and no requested
/// frame can tell.
///
/// Packets are looked at a group at a time, from one restart (a frame from which nothing reaches back) to the next. In
/// a group only these are decoded: frames that are on the screen at a requested time, and frames before the last of
/// them, in decoding order, from which others are predicted. Where times are missing, out of order across a restart, or
/// a group is too long, this gives up, and everything is decoded.
struct FrameSelection {
  /// Codecs that `media_packet_role` knows.
  static let codecs: Set<String> = ["h264", "hevc", "vp9"]

  /// Half a unit of the container's clock: it rounds.
  private let halfTick: MediaTime
  private let requests: [MediaTime]
  /// Ends of all packets seen, on the file's clock: also of those that were passed over.
  private(set) var end: MediaTime?
  private var lastTime: MediaTime?
  private var hasFirst = false

  struct Packet {
    let handle: OpaquePointer
    let facts: media_packet_facts
    let role: media_role
  }

  /// - Parameter requests: rising, on the file's clock.
  init(requests: [MediaTime], halfTick: MediaTime) {
    self.requests = requests
    self.halfTick = halfTick
  }

  /// After this a frame serves no request.
  var limit: MediaTime { (requests.last ?? .zero) + halfTick + halfTick }

  /// For each packet of a group whether it is decoded, and the times of the frames that must come out; nil to give up.
  /// - Parameter next: when the group after this one begins; nil after the last.
  mutating func choose(
    _ group: [Packet], next: Int64?, in stream: MediaFile.Stream
  ) -> (isDecoded: [Bool], expected: [Int64])? {
    guard let first = group.first, first.role.restarts else { return nil }
    let start = first.facts.presented
    var shown: [(value: Int64, time: MediaTime, index: Int)] = []
    for (index, packet) in group.enumerated() {
      let value = packet.facts.presented
      guard let time = stream.time(value), packet.facts.duration > 0, let length = stream.time(packet.facts.duration),
        value >= start, next.map({ value < $0 }) ?? true
      else { return nil }
      if packet.facts.is_discarded { continue }
      shown.append((value, time, index))
      end = max(end ?? time + length, time + length)
    }
    shown.sort { $0.value < $1.value }
    if let first = shown.first, let lastTime, !(lastTime < first.time) { return nil }
    for pair in zip(shown, shown.dropFirst()) where pair.0.value == pair.1.value { return nil }
    lastTime = shown.last?.time ?? lastTime

    var expected: [Int64] = []
    var isDecoded = group.map { $0.role.must_be_decoded }
    var lastNeeded = -1
    for (place, frame) in shown.enumerated() {
      let following = place + 1 < shown.count ? shown[place + 1].time : next.flatMap { stream.time($0) }
      // The first frame of all also serves requests shortly before it.
      guard !hasFirst || isRequested(from: frame.time, to: following) else { continue }
      hasFirst = true
      expected.append(frame.value)
      isDecoded[frame.index] = true
      lastNeeded = max(lastNeeded, frame.index)
    }
    for index in group.indices where index < lastNeeded && !group[index].role.is_unreferenced {
      isDecoded[index] = true
    }
    // A packet that must be decoded needs what it refers to.
    if let last = isDecoded.lastIndex(of: true), last > lastNeeded {
      for index in 0..<last where !group[index].role.is_unreferenced { isDecoded[index] = true }
    }
    return (isDecoded, expected)
  }

  private func isRequested(from time: MediaTime, to following: MediaTime?) -> Bool {
    requests.contains { request in
      !(request < time - halfTick) && (following.map { request < $0 - halfTick } ?? true)
    }
  }
}

/// A selection that did not hold: decode everything instead.
struct SelectionFailed: Error {}
