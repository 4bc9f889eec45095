import Basics
import Corpus
import StageGraph

/// A clip whose sound and vectors go into a shard.
package struct Pair: Sendable {
  package var id: ClipID
  package var split: Split
  /// Of all that goes into the shard for this clip.
  var digest: Digest
  /// Where the clip is among those that can be worked on.
  var clip: Int
}

/// Verdicts and pairs of a finished run.
///
/// A clip whose inputs are what they were when its verdict was last kept has that verdict again; only the others are examined.
package struct PreparedPairs: Sendable {
  /// Those of the candidates, in their order, then of what has no file or no row.
  package private(set) var verdicts: [ClipVerdict] = []
  /// In id order.
  package private(set) var pairs: [Pair] = []
  /// What was decided about splits, to be told.
  package private(set) var notes: [String] = []
  package let preparation: Preparation
  let outcome: RunOutcome
  /// By candidate: the item that says all this already, or -1.
  private(set) var kept: [Int32] = []
  /// What is to be kept of the other candidates' verdicts.
  private(set) var memos: [Int: ClipMemo] = [:]

  package var leftOut: Int { verdicts.count { $0.state == .leftOut } }
  /// Whether some verdict could be another one next time.
  package var isPassing: Bool {
    let passing = Set(BuiltInReasons.filter { !$0.isFinal }.map(\.code))
    return verdicts.contains { $0.findings.contains { passing.contains($0.code) } }
  }

  /// - Parameter known: what was kept of earlier verdicts.
  package init(_ preparation: Preparation, _ outcome: RunOutcome, known: ItemMemos = ItemMemos()) throws {
    (self.preparation, self.outcome) = (preparation, outcome)
    var chunks = try Self.settleAll(ClipSettling(preparation, outcome, known: known))
    let joins = !preparation.clips.hasSplits && joinsFewValidationClips(chunks)
    pairs.reserveCapacity(preparation.clips.candidates.count)
    verdicts.reserveCapacity(preparation.clips.candidates.count)
    kept.reserveCapacity(preparation.clips.candidates.count)
    for k in chunks.indices {
      for settled in chunks[k] { add(settled, joins: joins) }
      // Large sets do not fit into memory many times.
      chunks[k] = []
    }
    addUnmatched(preparation.clips)
  }

  private static let chunk = 512

  /// One for each candidate, in their order, in chunks. Examining one reads the store, so several threads do it.
  private static func settleAll(_ settling: ClipSettling) throws -> [[ClipSettling.Settled]] {
    let count = settling.preparation.clips.candidates.count
    let chunks = (count + chunk - 1) / chunk
    return try parallelMap(chunks) { k in try (k * chunk..<min(count, (k + 1) * chunk)).map(settling.settle) }
  }

  private mutating func add(_ settled: ClipSettling.Settled, joins: Bool) {
    let k = verdicts.count
    let hasJoined = joins && settled.split == .validation
    let split = hasJoined ? .train : settled.split
    var verdict = settled.verdict
    if let digest = settled.pair, let split, let id = preparation.clips.candidates[k].id {
      verdict.split = split
      pairs.append(Pair(id: id, split: split, digest: digest, clip: Int(preparation.readyOf[k])))
    }
    let isKept = settled.position >= 0 && settled.hadJoined == hasJoined
    kept.append(isKept ? settled.position : -1)
    if !isKept { memos[k] = ClipMemo(settled, hasJoined: hasJoined) }
    verdicts.append(verdict)
  }

  /// Whether there are validation clips, but too few to be of use; then says so.
  private mutating func joinsFewValidationClips(_ chunks: [[ClipSettling.Settled]]) -> Bool {
    let count = chunks.reduce(0) { sum, settled in sum + settled.count { $0.split == .validation } }
    guard count > 0, count < Split.fewestValidationClips else { return false }
    notes.append(
      "only \(count) clips would be for validation, fewer than \(Split.fewestValidationClips): they join train, and distill will not validate"
    )
    return true
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

  /// What goes into a shard for a clip.
  /// - Throws: `catalog.memo` when it is not what the pair was made of.
  func sample(_ pair: Pair) throws -> ClipExamination.Sample {
    let sample = try ClipExamination(preparation.ready[pair.clip], outcome, vectorFindings: []).sample
    guard let sample, sample.digest(of: pair.id) == pair.digest else { throw Failure.memoDiffers(pair.id) }
    return sample
  }
}

extension ClipMemo {
  init(_ settled: ClipSettling.Settled, hasJoined: Bool) {
    self.init(
      input: settled.input, state: settled.verdict.state, reason: settled.verdict.reason,
      findings: settled.verdict.findings, split: settled.split, hasJoined: hasJoined, pair: settled.pair)
  }
}
