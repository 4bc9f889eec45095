import CFFmpeg
import Corpus

// Reads a file's packets on a separate handle, independently of the packets being decoded.

extension MediaFile {
  /// Where the clock of this file restarts. Reads all packets and decodes none.
  func restarts() throws -> ClockRestarts {
    let other = try MediaFile(input, onlyAudio: isOnlyAudio, seeks: false)
    let chosen = [other.audio, other.video].compactMap { $0 }
    media_select_streams(other.handle, chosen.first?.index ?? -1, chosen.last?.index ?? -1)
    var ordinals: [Int32: Int] = [:]
    var packets: [ClockRestarts.Packet] = []
    try other.eachPacket(Self.mostPackets) { facts in
      guard let stream = chosen.first(where: { $0.index == facts.stream }) else { return true }
      let ordinal = ordinals[stream.index, default: 0]
      ordinals[stream.index] = ordinal + 1
      guard let time = stream.time(facts.decoded) ?? stream.time(facts.presented) else { return true }
      let presented = stream.time(facts.presented) ?? time
      packets.append(
        ClockRestarts.Packet(
          stream: stream.index, time: time, presented: presented,
          end: presented + (stream.time(facts.duration) ?? .zero), ordinal: ordinal))
      return true
    }
    return ClockRestarts(packets)
  }

  /// The seconds from the file's start to the end of audio or video, whichever is later. They come from the container
  /// if it states its length reliably, else from the packets; nil if these have no times.
  func length() throws -> Double? {
    if statesLength, let duration { return duration }
    let other = try MediaFile(input, seeks: false)
    let chosen = [other.audio, other.video].compactMap { $0 }
    media_select_streams(other.handle, chosen.first?.index ?? -1, chosen.last?.index ?? -1)
    var end: MediaTime?
    try other.eachPacket(Self.mostPackets) { facts in
      guard let stream = chosen.first(where: { $0.index == facts.stream }),
        let time = stream.time(facts.presented) ?? stream.time(facts.decoded)
      else { return true }
      let last = time + (stream.time(facts.duration) ?? .zero)
      end = max(end ?? last, last)
      return true
    }
    return end.map { ($0 - other.start).seconds } ?? duration
  }

  /// About ten hours of audio and video.
  private static let mostPackets = 4 << 20

  /// The end of the audio that begins before `limit`, on the file's clock; nil if there is none.
  func endOfAudio(before limit: MediaTime, after time: MediaTime) throws -> MediaTime? {
    let other = try MediaFile(input, onlyAudio: true, seeks: maySeek)
    guard let audio = other.audio,
      let decoder = try? StreamDecoder(other, audio, missing: Finding.nothingHeard)
    else { return nil }
    if other.seek(audio, to: time) { decoder.restart() }
    return try decoder.endOfRemainingPackets(before: limit, after: nil, holds: false)
  }

  /// Whether times increase from the start of the file to its end, judging by samples of the file. Only then does a
  /// seek by bisection work.
  func risesThroughout() -> Bool {
    var opened: OpaquePointer?
    guard media_open_packets(input.media, input.codecs.formats, &opened) == 0, let opened else { return false }
    defer { media_close(opened) }
    guard let packet = media_packet_make() else { return false }
    defer { media_packet_free(packet) }
    var last: [Int32: Int64] = [:]
    for sample in 0..<Self.samples {
      guard media_seek_part(opened, Int32(sample), Int32(Self.samples)) == 0 else { return false }
      for _ in 0..<Self.packetsOfSample {
        guard media_read(opened, packet) == 0 else { break }
        var facts = media_packet_facts()
        media_packet_describe(packet, &facts)
        guard facts.decoded != MEDIA_NO_TIME else { continue }
        if let before = last[facts.stream], facts.decoded < before { return false }
        last[facts.stream] = facts.decoded
        break
      }
    }
    return true
  }

  private static let samples = 33
  private static let packetsOfSample = 200

  /// Calls `body` for each packet until it returns false.
  private func eachPacket(_ most: Int, _ body: (media_packet_facts) -> Bool) throws {
    guard let packet = media_packet_make() else { throw Refusal(.outOfMemory("reading packets")) }
    defer { media_packet_free(packet) }
    for _ in 0..<most {
      let result = media_read(handle, packet)
      if result == MEDIA_AGAIN { continue }
      guard result == 0 else { return }
      var facts = media_packet_facts()
      media_packet_describe(packet, &facts)
      guard body(facts) else { return }
    }
  }
}
