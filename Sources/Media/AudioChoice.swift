import Audio
import Corpus

extension AudioStream {
  /// Opens the audio of a file: the chosen stream or, if its first ten seconds are silent, the next stream that has
  /// audio there.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`; `SeekFailed`.
  static func heard(
    _ input: MediaInput, start: MediaTime, seeks: Bool, asksOthers: Bool, plain: Bool
  ) throws -> AudioStream {
    func open(_ choice: Int) throws -> AudioStream {
      try AudioStream(input, start: start, seeks: seeks, asksOthers: asksOthers, choice: choice)
    }
    let stream = try open(0)
    guard stream.choices > 1, try isSilent(stream, plain) else { return stream.choices > 1 ? try open(0) : stream }
    for choice in 1..<min(stream.choices, mostChoices) {
      guard let other = try audible(plain, { try open(choice) }) else { continue }
      let chosen = try open(choice)
      chosen.substitution = .substituted(stream.streamName, by: other.streamName)
      return chosen
    }
    return try open(0)
  }

  private static let mostChoices = 8

  /// The stream, if it can be decoded and is not silent.
  private static func audible(_ plain: Bool, _ open: () throws -> AudioStream) throws -> AudioStream? {
    do {
      let stream = try open()
      return try isSilent(stream, plain) ? nil : stream
    } catch let refusal as Refusal where refusal.finding.code == .audioMissing {
      return nil
    }
  }

  private static func isSilent(_ stream: AudioStream, _ plain: Bool) throws -> Bool {
    do {
      let piece = try stream.next(ClipLength.usual, plain: plain)
      return piece.findings.contains { $0.code == .audioSilent }
    } catch let refusal as Refusal where refusal.finding.code == .audioMissing {
      return true
    }
  }
}
