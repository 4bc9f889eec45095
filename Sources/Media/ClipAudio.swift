import Audio
import Corpus

/// The audio of one clip: the first ten seconds of a stream, rounded to 16 bit.
struct ClipAudio {
  /// 160,000 samples.
  let samples: [Int16]
  let facts: AudioFacts
  let findings: [Finding]

  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Throws: `Refusal`: `media.unreadable`, `audio.missing` or `media.memory`; `SeekFailed`.
  init(_ path: String, startSeconds: Int, seeks: Bool, plain: Bool = false) throws {
    let stream = try AudioStream.heard(
      path, startSeconds: startSeconds, seeks: seeks, asksOthers: false, plain: plain)
    let piece = try stream.next(DecodeRequest.clipSeconds, plain: plain)
    guard let heard = stream.heard(before: DecodeRequest.clipSeconds) else {
      throw Refusal(.nothingHeard(stream.nothingReason))
    }
    samples = SixteenBit.rounded(piece.samples)
    findings = piece.findings
    var facts = piece.facts
    (facts.firstAudioSeconds, facts.coveredSeconds) = (heard.lowerBound, heard.upperBound)
    self.facts = facts
  }
}
