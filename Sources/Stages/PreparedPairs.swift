import Basics
import Corpus
import Dispatch
import Media
import Shards
import StageGraph
import Synchronization

/// What became of one file, or of one row of the manifest.
package struct ClipVerdict: Codable, Sendable, Equatable {
  package enum State: String, Codable, Sendable {
    case kept
    case warned
    case leftOut = "left-out"
  }

  package var id: String
  /// The file's name relative to the folder; empty for a row of the manifest without a file.
  package var file: String
  package var state: State
  /// What left it out.
  package var reason: ReasonCode?
  package var findings: [Finding]
  package var split: Split?
}

/// A clip whose sound and vectors go into a shard.
package struct Pair: Sendable {
  package var id: ClipID
  package var split: Split
  package var sound: Artifact
  package var vectors: Artifact
  /// The sample's `.json`.
  package var record: [UInt8]

  /// The digest of all that goes into the shard for this clip.
  var digest: Digest {
    let hasher = DigestBuilder()
    hasher.update(field: id.text)
    hasher.update(field: sound.digest.hex)
    hasher.update(field: vectors.digest.hex)
    hasher.update(record)
    return hasher.finish()
  }
}

/// Verdicts and pairs of a finished run.
package struct PreparedPairs: Sendable {
  package private(set) var verdicts: [ClipVerdict] = []
  /// In id order.
  package private(set) var pairs: [Pair] = []
  /// What was decided about splits, to be told.
  package private(set) var notes: [String] = []
  package var leftOut: Int { verdicts.count { $0.state == .leftOut } }
  /// Whether some verdict could be another one next time.
  package var isPassing: Bool {
    let passing = Set(BuiltInReasons.filter { !$0.isFinal }.map(\.code))
    return verdicts.contains { $0.findings.contains { passing.contains($0.code) } }
  }

  package init(_ preparation: Preparation, _ outcome: RunOutcome) throws {
    let examined = try Self.examineAll(preparation, outcome)
    for (k, candidate) in preparation.clips.candidates.enumerated() {
      var verdict = ClipVerdict(
        id: candidate.idText, file: candidate.file.name, state: .kept, findings: candidate.findings)
      let made = examined[k]
      verdict.findings += made.findings
      if let decisive = preparation.policy.decisive(verdict.findings) {
        (verdict.state, verdict.reason) = (.leftOut, decisive.code)
      } else if !verdict.findings.isEmpty {
        verdict.state = .warned
      }
      if verdict.state != .leftOut, let id = candidate.id, let sound = made.sound, let vectors = made.vectors {
        let split = preparation.clips.hasSplits ? candidate.split ?? .train : Split(sourceVideo: id.sourceVideo)
        verdict.split = split
        pairs.append(Pair(id: id, split: split, sound: sound, vectors: vectors, record: made.record))
      }
      verdicts.append(verdict)
    }
    addUnmatched(preparation.clips)
    if !preparation.clips.hasSplits { joinFewValidationClips() }
  }

  /// What the stages gave for one clip, and what they found.
  private struct Made: Sendable {
    var sound: Artifact?
    var vectors: Artifact?
    var record: [UInt8] = []
    var findings: [Finding] = []
  }

  private static let chunk = 512

  /// One for each candidate, in their order. Reading a summary is a look-up and a read each, so several threads do it.
  private static func examineAll(_ preparation: Preparation, _ outcome: RunOutcome) throws -> [Made] {
    let candidates = preparation.clips.candidates
    let ready = Dictionary(uniqueKeysWithValues: preparation.ready.map { ($0.candidate.file.name, $0) })
    let chunks = (candidates.count + chunk - 1) / chunk
    let found = Mutex([Int: Result<[Made], any Error>]())
    DispatchQueue.concurrentPerform(iterations: chunks) { k in
      let part = candidates[k * chunk..<min(candidates.count, (k + 1) * chunk)]
      let made = Result {
        try part.map { try ready[$0.file.name].map { try examine($0, preparation, outcome) } ?? Made() }
      }
      found.withLock { $0[k] = made }
    }
    let all = found.withLock { $0 }
    return try (0..<chunks).flatMap { try all[$0]?.get() ?? [] }
  }

  private static func examine(_ clip: PreparedClip, _ preparation: Preparation, _ outcome: RunOutcome) throws -> Made {
    guard let sound = outcome[ExtractSound.id(clip)] else { return Made() }
    let facts = try ClipFacts(
      sound: sound.summary, frames: outcome[ExtractFrames.id(clip)]?.summary, clip: clip.id.text)
    var made = Made(sound: sound.output(ExtractSound.output))
    made.findings = facts.findings + (preparation.vectorFindings[clip.id.text] ?? [])
    guard let selected = outcome[SelectVectors.id(clip)] else { return made }
    let summary = try CanonicalJSON.decode(
      SelectVectors.Summary.self, from: selected.summary, source: "summary of select-vectors, \(clip.id)")
    made.findings += summary.findings
    made.vectors = selected.output(SelectVectors.output)
    made.record = try SampleRecord(clip, facts, summary).bytes()
    return made
  }

  private mutating func addUnmatched(_ clips: ClipList) {
    for id in clips.absent {
      verdicts.append(
        ClipVerdict(id: id, file: "", state: .warned, findings: [Finding(.manifestAbsent, "no file for this row")]))
    }
    for name in clips.unlisted {
      verdicts.append(
        ClipVerdict(
          id: ClipID.stem(ofFile: Files.name(name)), file: name, state: .warned,
          findings: [Finding(.manifestUnlisted, "not in the manifest, so not prepared")]))
    }
  }

  private mutating func joinFewValidationClips() {
    let count = pairs.count { $0.split == .validation }
    guard count > 0, count < Split.fewestValidationClips else { return }
    for i in pairs.indices where pairs[i].split == .validation { pairs[i].split = .train }
    for i in verdicts.indices where verdicts[i].split == .validation { verdicts[i].split = .train }
    notes.append(
      "only \(count) clips would be for validation, fewer than \(Split.fewestValidationClips): they join train, and distill will not validate"
    )
  }
}

/// The `.json` of a sample in a training shard.
struct SampleRecord: Encodable {
  struct Vectors: Encodable {
    var fps: Double?
    var model: String?
    var rows: Int
    var times: [Double]
  }

  var id: String
  /// Seconds with both sound and picture; the rest is padded.
  var duration: Double
  var label: String?
  /// SHA-256 of the file that the clip comes from.
  var source: Digest
  /// Where the clip begins in that file, in seconds.
  var start: Int
  var vectors: Vectors

  init(_ clip: PreparedClip, _ facts: ClipFacts, _ summary: SelectVectors.Summary) {
    id = clip.id.text
    duration = facts.duration
    label = clip.candidate.label
    source = clip.source
    start = clip.candidate.startSeconds
    vectors = Vectors(fps: summary.fps, model: summary.model, rows: summary.rows, times: summary.times)
  }

  func bytes() throws -> [UInt8] { try CanonicalJSON.bytes(self) + [0x0A] }
}
