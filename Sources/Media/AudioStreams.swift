/// The stream that a worker is in the middle of: the next request is mostly for what follows.
enum AudioStreams {
  nonisolated(unsafe) private static var current: AudioStream?

  /// Seconds [first, first + count) after the clip's start. Called by one thread at a time.
  ///
  /// A function of the request alone: a stream that stands elsewhere is opened anew and read up to there.
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
