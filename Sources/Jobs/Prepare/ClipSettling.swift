import Basics
import Corpus
import StageGraph

/// Finds each clip's verdict: the one that was kept, where all that decides it is the same, else a new one.
struct ClipSettling: Sendable {
  struct Settled: Sendable {
    var verdict: ClipVerdict
    /// What a shard holds of the clip; nil where nothing.
    var pair: Digest?
    /// The clip's own split, where there is a pair.
    var split: Split?
    /// The item that was kept for the same inputs; -1 where there is none.
    var position: Int32 = -1
    /// Whether that item says that the clip joined train.
    var hadJoined = false
    var input: Digest
  }

  let preparation: Preparation
  let outcome: RunOutcome
  let known: ItemMemos
  /// What the inputs of all verdicts have in common.
  private let common: [UInt8]

  init(_ preparation: Preparation, _ outcome: RunOutcome, known: ItemMemos) {
    (self.preparation, self.outcome, self.known) = (preparation, outcome, known)
    var bytes = ClipBytes()
    for stage in preparation.stages { bytes.add(stage.name) }
    for reason in BuiltInReasons {
      bytes.add(reason.code.rawValue)
      bytes.add(preparation.policy.leavesOut(Finding(reason.code, "")) ? 1 : 0)
    }
    bytes.add(preparation.clips.hasSplits ? 1 : 0)
    common = bytes.bytes
  }

  func settle(_ k: Int) throws -> Settled {
    let candidate = preparation.clips.candidates[k]
    let clip = preparation.readyOf[k] < 0 ? nil : preparation.ready[Int(preparation.readyOf[k])]
    let input = input(candidate, clip)
    var verdict = ClipVerdict(id: candidate.idText, file: candidate.file.name, state: .kept, findings: [])
    if let position = known.find(preparation.clips.verdictKey(k)),
      let memo = ClipMemo(known.memo(at: position), input: input)
    {
      (verdict.state, verdict.reason, verdict.findings) = (memo.state, memo.reason, memo.findings)
      return Settled(
        verdict: verdict, pair: memo.pair, split: memo.split, position: Int32(position), hadJoined: memo.hasJoined,
        input: input)
    }
    let examined = try clip.map {
      try ClipExamination($0, outcome, vectorFindings: preparation.vectorFindings[$0.id.text] ?? [])
    }
    verdict.findings = candidate.findings + (examined?.findings ?? [])
    if let decisive = preparation.policy.decisive(verdict.findings) {
      (verdict.state, verdict.reason) = (.leftOut, decisive.code)
    } else if clip == nil, let twin = verdict.findings.first(where: { $0.code.isOfTwins }) {
      // Of the files with one id, which --keep allows, one goes into a shard.
      (verdict.state, verdict.reason) = (.leftOut, twin.code)
    } else if !verdict.findings.isEmpty {
      verdict.state = .warned
    }
    guard verdict.state != .leftOut, let clip, let sample = examined?.sample else {
      return Settled(verdict: verdict, input: input)
    }
    let split = preparation.clips.hasSplits ? candidate.split ?? .train : Split(sourceVideo: clip.id.sourceVideo)
    return Settled(verdict: verdict, pair: sample.digest(of: clip.id), split: split, input: input)
  }

  /// Of all that decides a clip's verdict and what a shard holds of it.
  private func input(_ candidate: ClipCandidate, _ clip: PreparedClip?) -> Digest {
    var bytes = ClipBytes(common)
    for text in [candidate.idText, candidate.file.name, candidate.label ?? "", candidate.split?.rawValue ?? ""] {
      bytes.add(text)
    }
    bytes.add(candidate.label == nil ? 0 : 1)
    bytes.add(candidate.startSeconds)
    bytes.add(candidate.findings)
    guard let clip else { return bytes.digest }
    bytes.add(clip.source)
    bytes.add(preparation.vectorFindings.isEmpty ? [] : preparation.vectorFindings[clip.id.text] ?? [])
    for stage in preparation.stages { bytes.add(outcome[stage.id(clip)]) }
    return bytes.digest
  }
}

/// Fields on their way into a digest: each with its length or of a fixed one, so that none runs into the next.
private struct ClipBytes {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) {
    self.bytes = bytes
    self.bytes.reserveCapacity(bytes.count + 1024)
  }

  var digest: Digest { Digest(of: bytes) }

  mutating func add(_ number: Int) {
    withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(_ text: String) {
    add(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func add(_ digest: Digest) { digest.append(to: &bytes) }

  mutating func add(_ findings: [Finding]) {
    add(findings.count)
    for finding in findings {
      add(finding.code.rawValue)
      add(finding.evidence)
    }
  }

  mutating func add(_ record: ActionRecord?) {
    add(record == nil ? 0 : 1)
    record?.appendOutputs(to: &bytes)
  }
}

extension ClipList {
  /// Under what a candidate's verdict is kept: the file's name, with the clip's id where the name does not say it, and a number
  /// where two folders hold files of one name.
  func verdictKey(_ k: Int) -> String {
    let candidate = candidates[k]
    var first = k
    while first > 0, candidates[first - 1].idText == candidate.idText,
      candidates[first - 1].file.name == candidate.file.name
    { first -= 1 }
    let name = candidate.file.name
    let key = candidate.idText == candidate.file.stem ? name : "\(name)\t\(candidate.idText)"
    return first == k ? key : "\(key)\t\(k - first + 1)"
  }
}
