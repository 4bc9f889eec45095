import CFFmpeg
import Corpus

/// Takes the frames of one clip: for each requested time, the frame on the screen at that time.
///
/// This is the last frame presented at or before the time, with a tolerance of half a unit of the container's clock,
/// which rounds. A time before the first frame gets the first frame if it is at most one frame or 100 ms too early. A
/// time after the end of the last frame gets none, unless the audio goes on for more than half a second: then the last
/// frame stays on the screen until the audio ends. Everything is based on times, so a variable frame rate needs no
/// special handling.
struct FrameSampler {
  private let file: MediaFile
  private let decoder: StreamDecoder
  private let rate: FrameRate
  private let start: MediaTime
  /// The length of the clip.
  private let limit: MediaTime
  private let windowStart: MediaTime
  private let requests: Int
  /// Whether packets that no requested frame depends on are skipped.
  private let selects: Bool
  private var served = 0
  private var shift = MediaTime.zero
  private var end: MediaTime?
  /// How long the last frame stays on the screen after its own end, once this was determined.
  private var stays: MediaTime?
  private var hasLooked = false
  private let writer: FrameWriter

  struct Result {
    var frames: [FramePack.Frame]
    var facts: FrameFacts
    var findings: [Finding]
  }

  /// - Throws: `Refusal`: `video.missing` or `media.memory`.
  init(_ file: MediaFile, start: MediaTime, seconds: Int, rate: FrameRate, shortSide: Int, selects: Bool) throws {
    guard let stream = file.video else {
      throw Refusal(file.undecodable(MEDIA_KIND_VIDEO, Finding.noVideoDecoder) ?? .noVideoStream)
    }
    self.file = file
    self.rate = rate
    self.start = start
    limit = MediaTime(Int64(seconds), timescale: 1)
    self.selects = selects
    decoder = try StreamDecoder(file, stream, missing: Finding.nothingSeen)
    windowStart = file.start + start
    requests = rate.count(seconds: seconds)
    writer = try FrameWriter(file, stream, shortSide: shortSide)
  }

  /// - Throws: `Refusal`: `video.missing` or `media.memory`.
  mutating func decode() throws -> Result {
    try sample()
    guard let shape = writer.shape, !writer.frames.isEmpty else { throw Refusal(.nothingSeen(nothingReason)) }
    if let end, end < limit {
      let rest = try decoder.endOfRemainingPackets(
        before: windowStart + limit, after: end + windowStart - shift, holds: true)
      if let rest { self.end = max(end, rest - windowStart + shift) }
    }
    var findings: [Finding] = []
    let stays = try end.flatMap { try heldUntil($0) }
    if let end, let stays { findings.append(.imageStops(end.seconds, audio: stays.seconds)) }
    if writer.isStill { findings.append(.still(writer.frames.count)) }
    if decoder.errors > 0 { findings.append(.damaged(decoder.errors, of: "video", last: lastLibraryError())) }
    let facts = FrameFacts(
      width: Int(shape.width), height: Int(shape.height), codec: decoder.stream.codec, frameTimes: writer.times,
      coveredSeconds: min(limit, max(.zero, stays ?? end ?? .zero)).seconds, isStill: writer.isStill,
      decodeErrors: decoder.errors)
    return Result(frames: writer.frames, facts: facts, findings: findings)
  }

  private mutating func sample() throws {
    let sought = MediaTime.zero < start && file.seek(decoder.stream, to: windowStart)
    if sought { decoder.restart() }
    let halfTick = MediaTime(decoder.stream.tick.value, timescale: decoder.stream.tick.timescale &* 2)
    if selects, FrameSelection.codecs.contains(decoder.stream.codec) {
      let times = (0..<requests).map { windowStart + rate.time($0) }
      decoder.select(FrameSelection(requests: times, halfTick: halfTick))
    }
    guard let current = media_frame_make() else { throw Refusal(.outOfMemory("decoding")) }
    defer { media_frame_free(current) }
    var onScreen: MediaTime?
    while served < requests, let facts = try decoder.next() {
      var time = decoder.presentation(facts).map { $0 - windowStart + shift } ?? end ?? .zero - start
      if let shown = onScreen {
        if time < shown - MediaTime(10, timescale: 1) {
          // The clock has restarted: this frame and all later ones follow the last one.
          shift = shift + ((end ?? shown) - time)
          time = end ?? shown
        } else if time < shown {
          continue
        }
        try serve(current, shownAt: shown) { $0 < time - halfTick }
      } else {
        if sought, MediaTime.zero < time { throw SeekFailed() }
        let grace = max(duration(facts), MediaTime(1, timescale: 10))
        while served < requests, rate.time(served) < time - grace { served += 1 }
        try serve(decoder.frame, shownAt: time) { $0 < time - halfTick }
      }
      media_frame_move(current, decoder.frame)
      onScreen = time
      end = time + duration(facts)
    }
    if let last = end, let seen = decoder.endOfSeenPackets { end = max(last, seen - windowStart) }
    if let shown = onScreen, let end {
      try serve(current, shownAt: shown) { $0 < end - halfTick }
      // The stream ended before the last request.
      if served < requests, let stays = try heldUntil(end) {
        try serve(current, shownAt: shown) { $0 < stays - halfTick }
      }
    }
  }

  /// In most files, audio and video end within this time of each other.
  private static let usual = MediaTime(1, timescale: 2)

  /// Until when a frame that ends at `end` stays on the screen because the audio goes on; nil if it does not.
  private mutating func heldUntil(_ end: MediaTime) throws -> MediaTime? {
    guard !hasLooked else { return stays }
    hasLooked = true
    guard MediaTime.zero < end, end + Self.usual < limit,
      let audio = try file.endOfAudio(before: windowStart + limit - shift, after: windowStart)
    else { return nil }
    let rest = min(limit, audio - windowStart + shift)
    stays = end + Self.usual < rest ? rest : nil
    return stays
  }

  /// Gives `frame` to the next requests while `isBefore` holds.
  private mutating func serve(
    _ frame: OpaquePointer, shownAt time: MediaTime, while isBefore: (MediaTime) -> Bool
  ) throws {
    while served < requests, isBefore(rate.time(served)) {
      try writer.add(frame, at: time, requested: rate.time(served))
      served += 1
    }
  }

  /// The duration of a frame: its own value, else one frame at the stream's average rate, else a 25th of a second.
  private func duration(_ facts: media_frame_facts) -> MediaTime {
    if facts.duration > 0, let own = decoder.stream.time(facts.duration) { return own }
    let stream = decoder.stream.facts
    if stream.rate_numerator > 0, stream.rate_denominator > 0 {
      return MediaTime(Int64(stream.rate_denominator), timescale: Int64(stream.rate_numerator))
    }
    return MediaTime(1, timescale: 25)
  }

  private var nothingReason: String {
    let damaged = decoder.errors
    if end != nil {
      return "the video covers none of the requested times" + (damaged > 0 ? "; \(damaged) damaged packets" : "")
    }
    if damaged > 0 { return nothingDecoded(damaged: damaged) }
    return MediaTime.zero < start ? "no video at \(start.text) s" : "the video stream is empty"
  }
}
