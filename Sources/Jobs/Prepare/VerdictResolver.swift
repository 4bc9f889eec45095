import Basics
import Corpus
import StageGraph

/// Finds each clip's verdict: the cached one if everything that it depends on is unchanged, otherwise a new one from
/// the clip's outcome.
struct VerdictResolver: Sendable {
  struct Resolved: Sendable {
    var verdict: ClipVerdict
    /// The digest of what a shard holds for the clip; nil when it holds nothing.
    var pair: Digest?
    /// The clip's own split, when there is a pair.
    var split: Split?
    /// The position of the kept verdict for the same inputs; -1 when there is none.
    var position: Int32 = -1
    /// Whether the kept verdict says that the clip was moved to train.
    var hadJoined = false
    /// Seconds of the file after the clip's end, when the file is longer than a clip and nothing says which part to
    /// take.
    var unusedSeconds = 0.0
    var input: Digest
  }

  let preparation: Preparation
  private let run: ClipRun
  /// The digest of the inputs that all verdicts have in common.
  private let common: Digest

  init(_ run: ClipRun) {
    (preparation, self.run) = (run.preparation, run)
    var bytes = ClipBytes()
    for stage in preparation.stages { bytes.add(stage.name) }
    for reason in builtInReasons {
      bytes.add(reason.code.rawValue)
      bytes.add(preparation.policy.leavesOut(Finding(reason.code, "")) ? 1 : 0)
    }
    bytes.add(preparation.clips.hasSplits ? 1 : 0)
    bytes.add(preparation.settings.clipSeconds)
    if let shares = preparation.settings.splitShares { bytes.add(shares.identity) }
    common = bytes.digest
  }

  /// The verdict of the k-th candidate. May be called on any thread.
  func resolve(_ k: Int) throws -> Resolved {
    let candidate = preparation.clips.candidates[k]
    let clip = preparation.readyOf[k] < 0 ? nil : Int(preparation.readyOf[k])
    let input = input(candidate, clip)
    var verdict = ClipVerdict(id: candidate.idText, file: candidate.file.name, state: .kept, findings: [])
    let known = preparation.verdicts
    if let position = known.find(preparation.clips.verdictKey(k)),
      let cached = CachedVerdict(known.cache(at: position), input: input)
    {
      (verdict.state, verdict.reason, verdict.findings) = (cached.state, cached.reason, cached.findings)
      return Resolved(
        verdict: verdict, pair: cached.pair, split: cached.split, position: Int32(position),
        hadJoined: cached.hasJoined, unusedSeconds: cached.unusedSeconds, input: input)
    }
    let outcome = try clip.map(run.outcome(of:))
    verdict.findings = candidate.findings + (outcome?.findings ?? [])
    if let decisive = preparation.policy.decisive(verdict.findings) {
      (verdict.state, verdict.reason) = (.leftOut, decisive.code)
    } else if clip == nil, let twin = verdict.findings.first(where: { $0.code.isOfTwins }) {
      // When `--keep` allows several files with one id, only one of them goes into a shard.
      (verdict.state, verdict.reason) = (.leftOut, twin.code)
    } else if !verdict.findings.isEmpty {
      verdict.state = .warned
    }
    var resolved = Resolved(verdict: verdict, input: input)
    if candidate.isFileItself { resolved.unusedSeconds = outcome?.unusedSeconds ?? 0 }
    guard verdict.state != .leftOut, let clip, let sample = outcome?.sample else { return resolved }
    let id = preparation.ready[clip].id
    (resolved.pair, resolved.split) = (sample.digest(of: id), preparation.split(candidate, id))
    return resolved
  }

  /// The digest of everything that a clip's verdict and its content in a shard depend on.
  private func input(_ candidate: ClipCandidate, _ clip: Int?) -> Digest {
    var bytes = ClipBytes()
    bytes.add(common)
    bytes.add(candidate.idText)
    bytes.add(candidate.file.name)
    bytes.add(candidate.label ?? "")
    bytes.add(candidate.split?.rawValue ?? "")
    bytes.add(candidate.label == nil ? 0 : 1)
    bytes.add(candidate.startMilliseconds)
    bytes.add(candidate.isFileItself ? 1 : 0)
    bytes.add(candidate.captions.count)
    for caption in candidate.captions { bytes.add(caption) }
    bytes.add(candidate.end.map { "\($0)" } ?? "")
    bytes.add(candidate.findings)
    guard let clip else { return bytes.digest }
    bytes.add(preparation.ready[clip].source)
    bytes.add(preparation.embeddingFindings(clip))
    bytes.add(run.outputs(of: clip))
    return bytes.digest
  }
}

/// Collects the fields of a digest. Each field has a fixed length or is preceded by its length, so fields cannot run
/// into each other.
private struct ClipBytes {
  private(set) var bytes: [UInt8]

  init() {
    bytes = []
    bytes.reserveCapacity(320)
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
}

extension ClipCandidate {
  /// Whether the id is the file's name without its last extension. Called for every clip, so it creates no strings.
  fileprivate var hasIDOfFile: Bool {
    let (name, id) = (file.name.utf8, idText.utf8)
    let start = name.lastIndex(of: 0x2F).map(name.index(after:)) ?? name.startIndex
    guard let end = name.index(start, offsetBy: id.count, limitedBy: name.endIndex), name[start..<end].elementsEqual(id)
    else { return false }
    return end == name.endIndex || (name[end] == 0x2E && !name[name.index(after: end)...].contains(0x2E))
  }
}

extension ClipList {
  /// The key under which a candidate's verdict is kept: the file's name, then the clip's id if it cannot be derived
  /// from the name, then a number if several files have the same name and id.
  func verdictKey(_ k: Int) -> String {
    let candidate = candidates[k]
    var first = k
    while first > 0, candidates[first - 1].idText == candidate.idText,
      candidates[first - 1].file.name == candidate.file.name
    { first -= 1 }
    let name = candidate.file.name
    let key = candidate.hasIDOfFile ? name : "\(name)\t\(candidate.idText)"
    return first == k ? key : "\(key)\t\(k - first + 1)"
  }
}
