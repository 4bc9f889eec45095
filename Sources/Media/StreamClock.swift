import CFFmpeg
import Corpus

/// Detects a restart of the clock in the packets of one stream, and gives the shift to add to their times from there
/// on.
struct StreamClock {
  private let file: MediaFile
  private let stream: MediaFile.Stream
  private var trail = ClockTrail()
  /// The number of the next packet.
  private var ordinal = 0
  private var restarts: ClockRestarts?
  /// Whether packets were skipped, so that they cannot be counted.
  var hasSought = false

  init(_ file: MediaFile, _ stream: MediaFile.Stream) { (self.file, self.stream) = (file, stream) }

  /// The shift to add to the times of the next packet, in the stream's units.
  /// - Throws: `SeekFailed` if the file must be read from its beginning to find out.
  mutating func shift(_ facts: media_packet_facts) throws -> Int64? {
    defer { ordinal += 1 }
    if restarts == nil, let time = stream.time(facts.decoded) ?? stream.time(facts.presented) {
      if trail.left(by: time) != nil {
        if hasSought { throw SeekFailed() }
        restarts = try file.restarts()
      }
      trail.add(time)
    }
    guard let shift = restarts?.shift(stream.index, ordinal) else { return nil }
    let tick = stream.tick
    return shift.units(of: tick.timescale) / max(1, tick.value)
  }
}
