import CFFmpeg
import Corpus

/// The packets from one restart to the next, held until it is known which of them to decode.
final class PacketGroup {
  private(set) var packets: [FrameSelection.Packet] = []
  var isDecoded: [Bool] = []
  /// The start of the next group; nil after the last.
  private(set) var next: Int64?
  private var taken = 0
  private var bytes = 0
  /// The restart that ended the group, which is the first packet of the next one.
  private(set) var following: FrameSelection.Packet?
  private var spare: [OpaquePointer] = []
  private var isAtEnd = false

  /// If a group is larger, the selection fails and everything is decoded.
  private static let mostPackets = 1200
  private static let mostBytes = 64 << 20

  deinit {
    for packet in packets { media_packet_free(packet.handle) }
    for handle in spare { media_packet_free(handle) }
    media_packet_free(following?.handle)
  }

  /// Moves the next packet to decode into `target`; false if none is left.
  func take(into target: OpaquePointer) -> Bool {
    while taken < packets.count {
      defer { taken += 1 }
      guard isDecoded[taken] else { continue }
      media_packet_move(target, packets[taken].handle)
      return true
    }
    return false
  }

  /// Reads the next group; false if there is none. A packet with a decoding time after `limit` ends the last group.
  /// - Throws: `SelectionFailed` if a group is too long; what `read` throws.
  func fill(
    until limit: MediaTime, of stream: MediaFile.Stream, file: MediaFile, read: () throws -> Bool,
    _ packet: OpaquePointer
  ) throws -> Bool {
    spare += packets.map(\.handle)
    packets = []
    (taken, bytes) = (0, 0)
    next = nil
    if let following { packets.append(following) }
    following = nil
    while !isAtEnd {
      guard try read() else {
        isAtEnd = true
        break
      }
      guard let handle = spare.popLast() ?? media_packet_make() else { throw Refusal(.outOfMemory("decoding")) }
      var facts = media_packet_facts()
      var role = media_role()
      media_packet_describe(packet, &facts)
      media_packet_role(file.handle, packet, &role)
      media_packet_move(handle, packet)
      let held = FrameSelection.Packet(handle: handle, facts: facts, role: role)
      if role.restarts, !packets.isEmpty {
        following = held
        next = facts.presented
        break
      }
      packets.append(held)
      bytes += facts.size
      if packets.count > Self.mostPackets || bytes > Self.mostBytes { throw SelectionFailed() }
      if let time = stream.time(facts.decoded), limit < time, facts.decoded <= facts.presented { isAtEnd = true }
    }
    return !packets.isEmpty
  }
}
