import CFFmpeg
import Corpus

/// Selects the packets of a video stream that must be decoded for the requested times. The other packets are skipped,
/// without any effect on the requested frames.
///
/// Packets are examined in groups, from one restart (a frame that depends on no earlier frame) to the next. Within a
/// group, two kinds of frames are decoded: those on the screen at a requested time, and those that other frames are
/// predicted from and that come before the last of these in decoding order. If times are missing or out of order across
/// a restart, or a group is too long, the selection gives up and everything is decoded.
struct FrameSelection {
  /// Codecs that `media_packet_role` knows.
  static let codecs: Set<String> = ["h264", "hevc", "vp9"]

  /// Half a unit of the container's clock, because the container rounds times.
  private let halfTick: MediaTime
  private let requests: [MediaTime]
  /// The end of all packets seen, including skipped ones, on the file's clock.
  private(set) var end: MediaTime?
  private var lastTime: MediaTime?
  private var hasFirst = false

  struct Packet {
    let handle: OpaquePointer
    let facts: media_packet_facts
    let role: media_role
  }

  /// - Parameter requests: in increasing order, on the file's clock.
  init(requests: [MediaTime], halfTick: MediaTime) {
    self.requests = requests
    self.halfTick = halfTick
  }

  /// A frame after this time serves no request.
  var limit: MediaTime { (requests.last ?? .zero) + halfTick + halfTick }

  /// For each packet of a group, whether it is decoded, and the times of the frames that must come out; nil to give up.
  /// - Parameter next: the start of the next group; nil after the last.
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
      // The very first frame also serves requests shortly before it.
      guard !hasFirst || isRequested(from: frame.time, to: following) else { continue }
      hasFirst = true
      expected.append(frame.value)
      isDecoded[frame.index] = true
      lastNeeded = max(lastNeeded, frame.index)
    }
    for index in group.indices where index < lastNeeded && !group[index].role.is_unreferenced {
      isDecoded[index] = true
    }
    // A packet to decode also needs the packets that it refers to.
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

/// Thrown if a selection turned out wrong: everything must be decoded instead.
struct SelectionFailed: Error {}
