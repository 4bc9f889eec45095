import CFFmpeg
import Corpus

/// Decodes one stream of a file: returns its frames in the decoder's order and counts failures.
///
/// A damaged packet is counted and skipped; only a lack of memory ends the decoding.
final class StreamDecoder {
  let stream: MediaFile.Stream
  /// The frame that `next` decoded last.
  let frame: OpaquePointer
  /// The number of packets and frames that failed so far.
  private(set) var errors = 0
  private let file: MediaFile
  private let decoder: OpaquePointer
  private let packet: OpaquePointer
  private var selection: FrameSelection?
  private var group: PacketGroup?
  /// The times of selected frames that have not come out yet.
  private var expected: Set<Int64> = []
  private var order = PresentationOrder()
  private var packetsSent = 0
  private var framesReceived = 0
  private var clock: StreamClock
  private var isFileRead = false
  private var isDraining = false
  private var isAtEnd = false

  /// - Throws: `Refusal`: `media.memory`, or `missing` with the reason.
  init(_ file: MediaFile, _ stream: MediaFile.Stream, missing: (String) -> Finding) throws {
    self.file = file
    self.stream = stream
    var opened: OpaquePointer?
    let result = media_decoder_open(file.handle, stream.index, &opened)
    guard result == 0, let opened else {
      if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("opening the \(stream.codec) decoder")) }
      throw Refusal(missing("the \(stream.codec) decoder refuses it: \(describe(result))"))
    }
    guard let frame = media_frame_make(), let packet = media_packet_make() else {
      media_decoder_close(opened)
      throw Refusal(.outOfMemory("opening"))
    }
    decoder = opened
    clock = StreamClock(file, stream)
    self.frame = frame
    self.packet = packet
    media_select_streams(file.handle, stream.index, -1)
  }

  deinit {
    media_decoder_close(decoder)
    media_packet_free(packet)
    media_frame_free(frame)
  }

  /// The facts of the next frame, or nil after the last.
  func next() throws -> media_frame_facts? {
    while !isAtEnd {
      let result = media_decoder_receive(decoder, frame)
      if result == 0 {
        var facts = media_frame_facts()
        media_frame_describe(frame, &facts)
        framesReceived += 1
        if facts.is_damaged { errors += 1 }
        if selection != nil { try check(facts) }
        return facts
      }
      if result == MEDIA_END {
        isAtEnd = true
        if selection != nil, errors > 0 || !expected.isEmpty { throw SelectionFailed() }
      } else if result == MEDIA_AGAIN {
        try feed()
      } else {
        try count(result)
        if isDraining { isAtEnd = true } else { try feed() }
      }
    }
    return nil
  }

  /// The end of the packets not decoded yet, as far as they begin before `limit`, on the file's clock. Nothing can be
  /// decoded afterwards.
  /// - Parameters:
  ///   - end: the end of the frames that came out; packets without a time follow it.
  ///   - holds: whether the last packet lasts until the next one begins.
  /// - Throws: `SeekFailed`.
  func endOfRemainingPackets(before limit: MediaTime, after end: MediaTime?, holds: Bool) throws -> MediaTime? {
    var last = group?.following.flatMap { held in
      stream.time(held.facts.presented).map { $0 + (stream.time(held.facts.duration) ?? .zero) }
    }
    var untimed = end
    // Packets inside the decoder are not read again.
    var held = packetsSent - framesReceived
    while !isFileRead {
      guard try readPacket() else { break }
      var facts = media_packet_facts()
      media_packet_describe(packet, &facts)
      if facts.is_discarded { continue }
      let length = stream.time(facts.duration) ?? .zero
      guard let time = stream.time(facts.presented) ?? stream.time(facts.decoded) else {
        while held >= 0, let end = untimed {
          untimed = end + length
          held -= 1
        }
        held = 0
        continue
      }
      if !holds, !(time < limit) { break }
      last = max(last ?? time + length, time + length)
      if limit < time { break }
    }
    isAtEnd = true
    if media_decoder_reordering(decoder) > 0, let sent = order.end.flatMap(stream.time) {
      last = max(last ?? sent, sent)
    }
    guard let last, let untimed else { return last ?? untimed }
    return max(last, untimed)
  }

  /// From now on, decodes only what the selection needs. If such a frame fails or does not come out, `SelectionFailed`
  /// is thrown.
  func select(_ selection: FrameSelection) {
    self.selection = selection
    group = PacketGroup()
  }

  /// The end of all packets seen, if a selection skipped some.
  var endOfSeenPackets: MediaTime? { selection?.end }

  /// When the last frame is shown, on the file's clock; nil if it has no time. Call this once per frame.
  func presentation(_ facts: media_frame_facts) -> MediaTime? {
    let held = Int(media_decoder_reordering(decoder))
    return stream.time(
      file.timesAreOfDecoding
        ? order.timeBefore(facts.presented, by: held) : order.timeInOrder(facts.presented, holding: held))
  }

  private func check(_ facts: media_frame_facts) throws {
    if errors > 0 || expected.contains(where: { $0 < facts.presented }) { throw SelectionFailed() }
    expected.remove(facts.presented)
  }

  /// Continues from the file's start, or from the position that it was moved to.
  func restart() {
    media_decoder_flush(decoder)
    clock.hasSought = true
    isFileRead = false
    isDraining = false
    isAtEnd = false
  }

  private func feed() throws {
    if try selection == nil ? readPacket() : selectPacket() {
      if selection == nil, stream.facts.kind == MEDIA_KIND_VIDEO { note() }
      packetsSent += 1
      try count(media_decoder_send(decoder, packet))
    } else {
      isDraining = true
      try count(media_decoder_send(decoder, nil))
    }
  }

  private func note() {
    var facts = media_packet_facts()
    media_packet_describe(packet, &facts)
    order.add(facts)
  }

  /// Takes the next packet to decode according to the selection; false after the last.
  private func selectPacket() throws -> Bool {
    guard let group else { return try readPacket() }
    while true {
      if group.take(into: packet) { return true }
      guard let limit = selection?.limit, try group.fill(until: limit, of: stream, file: file, read: readPacket, packet)
      else { return false }
      // Decoding times in place of presentation times do not tell which frame is on the screen.
      if media_decoder_reordering(decoder) > 0, PresentationOrder.isOfDecoding(group.packets) {
        throw SelectionFailed()
      }
      guard let chosen = selection?.choose(group.packets, next: group.next, in: stream) else { throw SelectionFailed() }
      group.isDecoded = chosen.isDecoded
      expected.formUnion(chosen.expected)
    }
  }

  /// Reads the next packet; false at the end of the file, or if it cannot be read further.
  /// - Throws: `SeekFailed`.
  private func readPacket() throws -> Bool {
    for _ in 0..<Self.mostRetries {
      let result = media_read(file.handle, packet)
      if result == 0 {
        var facts = media_packet_facts()
        media_packet_describe(packet, &facts)
        if facts.stream == stream.index {
          if let shift = try clock.shift(facts) { media_packet_shift(packet, shift) }
          return true
        }
      } else if result != MEDIA_AGAIN {
        if result != MEDIA_END { errors += 1 }
        isFileRead = true
        return false
      }
    }
    return false
  }

  /// More packets of other streams in a row than in any interleaving.
  private static let mostRetries = 1 << 20

  private func count(_ result: Int32) throws {
    if media_is_out_of_memory(result) { throw Refusal(.outOfMemory("decoding \(stream.codec)")) }
    if result < 0 { errors += 1 }
  }
}
