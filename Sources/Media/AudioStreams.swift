/// Keeps the stream that a worker is reading, because the next request usually continues it.
enum AudioStreams {
  nonisolated(unsafe) private static var current: AudioStream?

  /// Seconds [first, first + count) after the clip's start. Called by one thread at a time.
  ///
  /// The result depends on the request alone: a stream at another position is opened again and read up to the requested
  /// one.
  static func piece(
    _ request: DecodeRequest, _ input: MediaInput, first: Int, count: Int, seeks: Bool, plain: Bool
  ) throws -> AudioStream.Piece {
    var stream = current
    current = nil
    if stream?.input.source != request.source || stream?.start != request.start || stream?.seconds != first {
      stream = try AudioStream.heard(
        input, start: request.start, seeks: seeks, asksOthers: true, plain: plain)
    }
    guard let stream else { throw Refusal(.unreadable("no stream")) }
    while stream.seconds < first {
      let passed = try stream.next(min(count, first - stream.seconds), plain: plain)
      if passed.isLast {
        return AudioStream.Piece(samples: [], count: 0, isLast: true, facts: passed.facts, findings: [])
      }
    }
    let piece = try stream.next(count, plain: plain)
    if !piece.isLast { current = stream }
    return piece
  }
}
