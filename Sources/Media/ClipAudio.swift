import Audio
import Corpus

/// The audio of one clip: the first seconds of a stream, rounded to 16 bits.
struct ClipAudio {
  /// 16,000 samples per second, for the length of the clip.
  let samples: [Int16]
  let facts: AudioFacts
  let findings: [Finding]

  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`; `SeekFailed`.
  init(_ input: MediaInput, start: MediaTime, seconds: Int, seeks: Bool, plain: Bool = false) throws {
    let stream = try AudioStream.heard(
      input, start: start, seeks: seeks, asksOthers: false, plain: plain)
    let piece = try stream.next(seconds, plain: plain)
    guard let heard = stream.heard(before: seconds) else {
      throw Refusal(.nothingHeard(stream.nothingReason))
    }
    samples = SixteenBit.rounded(piece.samples)
    findings = piece.findings
    var facts = piece.facts
    (facts.firstAudioSeconds, facts.coveredSeconds) = (heard.lowerBound, heard.upperBound)
    self.facts = facts
  }
}
