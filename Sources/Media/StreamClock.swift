import CFFmpeg
import Corpus

/// Watches the packets of one stream for a clock that begins anew, and tells what goes on top of their times then.
struct StreamClock {
  private let file: MediaFile
  private let stream: MediaFile.Stream
  private var trail = ClockTrail()
  /// Of the packet that comes next.
  private var ordinal = 0
  private var restarts: ClockRestarts?
  /// Whether packets were passed over, so that they cannot be counted.
  var hasSought = false

  init(_ file: MediaFile, _ stream: MediaFile.Stream) { (self.file, self.stream) = (file, stream) }

  /// What is added to the times of the next packet, in the stream's units.
  /// - Throws: `SeekFailed` where the file has to be read from its beginning to know.
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
