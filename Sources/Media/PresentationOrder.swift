import CFFmpeg

/// Computes presentation times for containers that have only decoding times, in packet order. The decoder returns
/// frames in presentation order.
struct PresentationOrder {
  /// The times of the last packets sent.
  private var sent: [Int64] = []
  /// The times of sent packets not given to a frame yet, while all times are decoding times.
  private var open: [Int64]? = []
  /// The end of the last packet sent, while all times are decoding times.
  private(set) var end: Int64?

  /// More than any decoder holds back, with a reserve for decoders that return several frames at once.
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

  /// For a container without presentation times. libav's time is when the frame left the decoder, which is late by as
  /// many packets as the decoder holds back for reordering.
  func timeBefore(_ time: Int64, by held: Int) -> Int64 {
    guard time != MEDIA_NO_TIME, let place = sent.lastIndex(of: time) else { return time }
    return sent[max(0, place - held)]
  }

  /// For a container that stores decoding times as presentation times, as in files copied from a container without
  /// presentation times: the earliest time not given to a frame yet.
  /// - Parameter held: how many packets the decoder holds back; with none, the frame's own time is right.
  mutating func timeInOrder(_ time: Int64, holding held: Int) -> Int64 {
    guard held > 0, let times = open, !times.isEmpty else {
      open = open == nil ? nil : []
      return time
    }
    // Times of lost frames are left over.
    let lost = max(0, (times.firstIndex(of: time) ?? 0) - held)
    open?.removeFirst(lost + 1)
    return times[lost]
  }

  /// Whether all packets of a group have only decoding times.
  static func isOfDecoding(_ packets: [FrameSelection.Packet]) -> Bool {
    packets.count > 1 && packets.allSatisfy { $0.facts.presented == $0.facts.decoded }
  }
}
