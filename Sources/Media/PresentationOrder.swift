import CFFmpeg

/// When frames are shown that came out of the decoder in the order of presentation, where the container has no times of
/// presentation: times are then those of decoding, in the order of the packets.
struct PresentationOrder {
  /// Times of the last packets sent.
  private var sent: [Int64] = []
  /// Times of packets sent that no frame was given yet, while all are of decoding.
  private var open: [Int64]? = []
  /// Where the last packet sent ends, while all times are of decoding.
  private(set) var end: Int64?

  /// More than any decoder holds back, and then some for those that give several frames at once.
  private static let mostHeldBack = 64

  /// Adds a packet that is sent to the decoder.
  mutating func add(_ facts: media_packet_facts) {
    sent.append(facts.decoded)
    if sent.count > Self.mostHeldBack { sent.removeFirst() }
    guard facts.presented == facts.decoded, facts.decoded != MEDIA_NO_TIME else {
      (open, end) = (nil, nil)
      return
    }
    if open == nil { return }
    open?.append(facts.decoded)
    end = facts.decoded &+ facts.duration
  }

  /// Of a container that has none at all: libav's time is that at which the frame left the decoder, later by as many
  /// packets as the decoder holds back to bring frames into order.
  func timeBefore(_ time: Int64, by held: Int) -> Int64 {
    guard time != MEDIA_NO_TIME, let place = sent.lastIndex(of: time) else { return time }
    return sent[max(0, place - held)]
  }

  /// Of a container that takes times of decoding for those of presentation, as files do that were copied from one that
  /// has none: the earliest that no frame was given yet.
  /// - Parameter held: how many packets the decoder holds back; with none the frame's time is its own.
  mutating func timeInOrder(_ time: Int64, holding held: Int) -> Int64 {
    guard held > 0, let times = open, !times.isEmpty else {
      open = open == nil ? nil : []
      return time
    }
    // Where frames got lost their times are left over.
    let lost = max(0, (times.firstIndex(of: time) ?? 0) - held)
    open?.removeFirst(lost + 1)
    return times[lost]
  }

  /// Whether all packets of a group have times of decoding alone.
  static func isOfDecoding(_ packets: [FrameSelection.Packet]) -> Bool {
    packets.count > 1 && packets.allSatisfy { $0.facts.presented == $0.facts.decoded }
  }
}
