import Basics

/// The reason why a clip was left out, or a warning about a clip that was kept.
package struct ReasonCode: Hashable, Sendable, Comparable, Codable, RawRepresentable, CustomStringConvertible {
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
  package var description: String { rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  package init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(String.self) }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

extension ReasonCode {
  package static let mediaEscaped = ReasonCode(rawValue: "media.escaped")
  package static let mediaFormat = ReasonCode(rawValue: "media.format")
  package static let mediaUnreadable = ReasonCode(rawValue: "media.unreadable")
  package static let mediaTimeout = ReasonCode(rawValue: "media.timeout")
  package static let mediaMemory = ReasonCode(rawValue: "media.memory")
  package static let decoderCrashed = ReasonCode(rawValue: "decoder.crashed")
  package static let audioMissing = ReasonCode(rawValue: "audio.missing")
  package static let audioSilent = ReasonCode(rawValue: "audio.silent")
  package static let videoMissing = ReasonCode(rawValue: "video.missing")
  package static let clipShort = ReasonCode(rawValue: "clip.short")
  package static let clipDuplicate = ReasonCode(rawValue: "clip.duplicate")
  package static let idCollision = ReasonCode(rawValue: "id.collision")
  package static let idInvalid = ReasonCode(rawValue: "id.invalid")
  package static let embeddingMissing = ReasonCode(rawValue: "embedding.missing")
  package static let embeddingNonfinite = ReasonCode(rawValue: "embedding.nonfinite")
  package static let embeddingZero = ReasonCode(rawValue: "embedding.zero")
  package static let embeddingLength = ReasonCode(rawValue: "embedding.length")
  package static let embeddingDuplicate = ReasonCode(rawValue: "embedding.duplicate")
  package static let embeddingRepeated = ReasonCode(rawValue: "embedding.repeated")
  package static let embeddingDimension = ReasonCode(rawValue: "embedding.dimension")
  package static let embeddingUnreadable = ReasonCode(rawValue: "embedding.unreadable")
  package static let videoStill = ReasonCode(rawValue: "video.still")
  package static let audioVideoMismatch = ReasonCode(rawValue: "audio.video.mismatch")
  package static let mediaErrors = ReasonCode(rawValue: "media.errors")
  package static let audioSubstituted = ReasonCode(rawValue: "audio.substituted")
  package static let audioOpposite = ReasonCode(rawValue: "audio.opposite")
  package static let idMilliseconds = ReasonCode(rawValue: "id.milliseconds")
  package static let idTwin = ReasonCode(rawValue: "id.twin")
  package static let idDash = ReasonCode(rawValue: "id.dash")
  package static let embeddingUntimed = ReasonCode(rawValue: "embedding.untimed")
  package static let manifestUnlisted = ReasonCode(rawValue: "manifest.unlisted")
  package static let manifestAbsent = ReasonCode(rawValue: "manifest.absent")
}

extension ReasonCode {
  /// Whether the reason concerns another file with the same id.
  package var isOfTwins: Bool { self == .idCollision || self == .clipDuplicate }

  /// Whether the reason concerns a row without a file or a file without a row, which is not a clip.
  package var isUnmatched: Bool { self == .manifestUnlisted || self == .manifestAbsent }
}

/// The effect of a reason on its clip, unless flags change it.
package struct Reason: Sendable {
  package enum Effect: Sendable { case leavesOut, warns }
  package let code: ReasonCode
  package let effect: Effect
  /// One line for messages.
  package let meaning: String
  /// Whether the same bytes always give the same result: only then is the result kept for later runs.
  package var isFinal = true
}

/// All reasons. A new one is added here.
package let builtInReasons: [Reason] = [
  Reason(
    code: .mediaEscaped, effect: .leavesOut,
    meaning: "its decoder tried to leave its sandbox: the file may be an attack", isFinal: false),
  Reason(code: .mediaUnreadable, effect: .leavesOut, meaning: "no demuxer or decoder of this tool reads it"),
  Reason(code: .mediaFormat, effect: .leavesOut, meaning: "a format or codec that --codecs web leaves out"),
  Reason(code: .mediaTimeout, effect: .leavesOut, meaning: "decoding took longer than allowed", isFinal: false),
  Reason(code: .mediaMemory, effect: .leavesOut, meaning: "decoding needed more memory than allowed", isFinal: false),
  Reason(code: .decoderCrashed, effect: .leavesOut, meaning: "the decoder crashed on it, twice", isFinal: false),
  Reason(code: .audioMissing, effect: .leavesOut, meaning: "no audio in the clip"),
  Reason(code: .audioSilent, effect: .leavesOut, meaning: "the audio is digital silence"),
  Reason(code: .videoMissing, effect: .leavesOut, meaning: "no video in the clip"),
  Reason(code: .clipShort, effect: .leavesOut, meaning: "over half a second shorter than the clip should be"),
  Reason(code: .clipDuplicate, effect: .leavesOut, meaning: "another file has the same id and the same bytes"),
  Reason(code: .idCollision, effect: .leavesOut, meaning: "another file has the same id and other bytes"),
  Reason(code: .idInvalid, effect: .leavesOut, meaning: "the name cannot be an id in a training shard"),
  Reason(code: .embeddingMissing, effect: .leavesOut, meaning: "no teacher embeddings for this id"),
  Reason(code: .embeddingNonfinite, effect: .leavesOut, meaning: "a teacher embedding has NaN or Inf"),
  Reason(code: .embeddingZero, effect: .leavesOut, meaning: "a teacher embedding is all zeros"),
  Reason(
    code: .embeddingLength, effect: .leavesOut,
    meaning: "the number of teacher embeddings does not fit the clip's length"),
  Reason(
    code: .embeddingDuplicate, effect: .leavesOut, meaning: "teacher embeddings twice for this id, and not the same"),
  Reason(code: .embeddingDimension, effect: .leavesOut, meaning: "teacher embeddings of another width than the rest"),
  Reason(
    code: .embeddingUnreadable, effect: .leavesOut, meaning: "the file with the teacher embeddings cannot be read"),
  Reason(code: .videoStill, effect: .warns, meaning: "the frames do not change"),
  Reason(
    code: .audioVideoMismatch, effect: .warns, meaning: "audio and video differ in length by over half a second"),
  Reason(code: .mediaErrors, effect: .warns, meaning: "some packets or frames are damaged, or times are wrong"),
  Reason(
    code: .audioSubstituted, effect: .warns,
    meaning: "the default audio stream is silent; another was taken"),
  Reason(
    code: .audioOpposite, effect: .warns,
    meaning: "the channels cancel each other when mixed; the first was taken alone"),
  Reason(
    code: .idMilliseconds, effect: .warns,
    meaning: "the file is named in milliseconds; joined to the manifest's seconds"),
  Reason(
    code: .idTwin, effect: .warns,
    meaning: "another clip's name looks the same: é as one character, or as e with an accent"),
  Reason(code: .idDash, effect: .warns, meaning: "the file's name has lost its leading dash; joined to the manifest"),
  Reason(code: .embeddingRepeated, effect: .warns, meaning: "the same teacher embeddings stand twice for this id"),
  Reason(code: .embeddingUntimed, effect: .warns, meaning: "teacher embeddings without times: all rows were taken"),
  Reason(code: .manifestUnlisted, effect: .warns, meaning: "a file that the manifest does not name"),
  Reason(code: .manifestAbsent, effect: .warns, meaning: "a row of the manifest without a file"),
]

/// One reason found for one clip, with the evidence.
package struct Finding: Hashable, Sendable, Codable, Comparable {
  package var code: ReasonCode
  package var evidence: String

  package init(_ code: ReasonCode, _ evidence: String) {
    self.code = code
    self.evidence = evidence
  }

  package static func < (a: Self, b: Self) -> Bool { (a.code, a.evidence) < (b.code, b.evidence) }
}

/// Which findings leave a clip out: the built-in effects, changed by `--leave-out` and `--keep`.
package struct VerdictPolicy: Sendable {
  private var leavingOut: Set<ReasonCode>

  /// - Throws: `Failure` for an unknown code, with the most similar known code.
  package init(leaveOut: [String] = [], keep: [String] = []) throws {
    leavingOut = Set(builtInReasons.filter { $0.effect == .leavesOut }.map(\.code))
    for code in leaveOut { leavingOut.insert(try Self.known(code)) }
    for code in keep {
      leavingOut.remove(try Self.known(code))
      guard !leaveOut.contains(code) else {
        throw Failure("reason.twice", "a reason is to be left out and to be kept", on: code, exit: .usage)
      }
    }
  }

  package func leavesOut(_ finding: Finding) -> Bool { leavingOut.contains(finding.code) }

  /// The first reason that leaves the clip out, in the order of `builtInReasons`.
  package func decisive(_ findings: [Finding]) -> Finding? {
    if findings.isEmpty { return nil }
    for reason in builtInReasons {
      if leavingOut.contains(reason.code), let finding = findings.first(where: { $0.code == reason.code }) {
        return finding
      }
    }
    return nil
  }

  /// - Throws: `Failure` for an unknown code, with the most similar known code.
  package static func known(_ text: String) throws -> ReasonCode {
    let code = ReasonCode(rawValue: text)
    guard builtInReasons.contains(where: { $0.code == code }) else {
      let near = nearest(text, in: builtInReasons.map(\.code.rawValue))
      throw Failure(
        "reason.unknown", "no such reason", on: text,
        expected: near == nil ? builtInReasons.map(\.code.rawValue).joined(separator: ", ") : nil,
        hint: near.map { "did you mean \($0)?" }, exit: .usage)
    }
    return code
  }
}
