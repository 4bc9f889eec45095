import Basics
import Corpus
import StageGraph

/// A clip whose audio and embeddings go into a shard.
package struct Pair: Sendable {
  package var id: ClipID
  package var split: Split
  /// The digest of everything that goes into the shard for this clip.
  var digest: Digest
  /// The clip's index in `preparation.ready`.
  var clip: Int
}

/// The verdicts and pairs of a finished run.
///
/// A clip whose inputs are the same as when its verdict was last kept gets that verdict again; only the other clips are
/// examined.
package struct PreparedPairs: Sendable {
  /// Verdicts of the candidates, in their order, then of rows without a file and of files without a row.
  package private(set) var verdicts: [ClipVerdict] = []
  /// In id order.
  package private(set) var pairs: [Pair] = []
  /// Decisions about splits, to be reported.
  package private(set) var notes: [String] = []
  /// Which clips are for training, validation and test, and why: one line for people.
  package private(set) var splitLine = ""
  /// Files that are longer than a clip and whose rest is not used, and the total length of these rests in seconds.
  private var unused = (files: 0, seconds: 0.0)
  package let preparation: Preparation
  let run: ClipRun
  /// For each candidate: the index of the catalog's verdict when that is still right, otherwise -1.
  private(set) var kept: [Int32] = []
  /// The new verdicts to keep for the other candidates.
  private(set) var cached: [Int: CachedVerdict] = [:]

  package var leftOut: Int { verdicts.count { $0.state == .leftOut } }
  /// Whether any verdict could be different next time.
  package var isPassing: Bool {
    let passing = Set(builtInReasons.filter { !$0.isFinal }.map(\.code))
    return verdicts.contains { $0.findings.contains { passing.contains($0.code) } }
  }

  init(_ run: ClipRun) throws {
    (preparation, self.run) = (run.preparation, run)
    var chunks = try Self.resolveAll(VerdictResolver(run))
    let joins = joinsFewValidationClips(chunks)
    pairs.reserveCapacity(preparation.clips.candidates.count)
    verdicts.reserveCapacity(preparation.clips.candidates.count)
    kept.reserveCapacity(preparation.clips.candidates.count)
    for k in chunks.indices {
      for resolved in chunks[k] { add(resolved, joins: joins) }
      // Chunks are freed as they are used: several copies of a large set would not fit into memory.
      chunks[k] = []
    }
    addUnmatched(preparation.clips)
    noteWhatIsNotUsed()
    splitLine = SplitLine(preparation, pairs, hasJoined: joins).text
  }

  private static let chunk = 512

  /// The verdict of each candidate, in their order, in chunks. Uses several threads, because a new verdict reads the
  /// store.
  private static func resolveAll(_ resolver: VerdictResolver) throws -> [[VerdictResolver.Resolved]] {
    let count = resolver.preparation.clips.candidates.count
    let chunks = (count + chunk - 1) / chunk
    return try parallelMap(chunks) { k in try (k * chunk..<min(count, (k + 1) * chunk)).map(resolver.resolve) }
  }

  private mutating func add(_ resolved: VerdictResolver.Resolved, joins: Bool) {
    let k = verdicts.count
    if resolved.unusedSeconds > 0 {
      unused.files += 1
      unused.seconds += resolved.unusedSeconds
    }
    let hasJoined = joins && resolved.split == .validation
    let split = hasJoined ? .train : resolved.split
    var verdict = resolved.verdict
    if let digest = resolved.pair, let split, let id = preparation.clips.candidates[k].id {
      verdict.split = split
      pairs.append(Pair(id: id, split: split, digest: digest, clip: Int(preparation.readyOf[k])))
    }
    let isKept = resolved.position >= 0 && resolved.hadJoined == hasJoined
    kept.append(isKept ? resolved.position : -1)
    if !isKept { cached[k] = CachedVerdict(resolved, hasJoined: hasJoined) }
    verdicts.append(verdict)
  }

  /// Whether the automatic split gives validation clips, but too few to be useful.
  private func joinsFewValidationClips(_ chunks: [[VerdictResolver.Resolved]]) -> Bool {
    guard !preparation.clips.hasSplits, preparation.settings.splitShares == nil else { return false }
    let count = chunks.reduce(0) { sum, resolved in sum + resolved.count { $0.split == .validation } }
    return count > 0 && count < Split.fewestValidationClips
  }

  /// Notes the parts of files that are in no clip.
  private mutating func noteWhatIsNotUsed() {
    let length = preparation.settings.clipSeconds
    if unused.files > 0 {
      notes.append(
        "\(wholeSeconds(unused.seconds)) s of \(counted(unused.files, "file")) beyond the first \(length) s are not used: --cut every makes clips of them"
      )
    }
    let rest = preparation.remainders
    if rest.count > 0 {
      notes.append(
        "\(rest.count) \(rest.count == 1 ? "file ends" : "files end") with less than a clip of \(length) s: \(wholeSeconds(rest.seconds)) s in all are not used"
      )
    }
  }

  private func wholeSeconds(_ seconds: Double) -> String { grouped(Int(seconds.rounded())) }

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
  /// - Throws: `catalog.memo` when it differs from what the pair was made from.
  func sample(_ pair: Pair) throws -> ClipOutcome.Sample {
    let sample = try run.outcome(of: pair.clip).sample
    guard let sample, sample.digest(of: pair.id) == pair.digest else { throw Failure.memoDiffers(pair.id) }
    return sample
  }
}

extension CachedVerdict {
  init(_ resolved: VerdictResolver.Resolved, hasJoined: Bool) {
    self.init(
      input: resolved.input, state: resolved.verdict.state, reason: resolved.verdict.reason,
      findings: resolved.verdict.findings, split: resolved.split, hasJoined: hasJoined,
      unusedSeconds: resolved.unusedSeconds, pair: resolved.pair)
  }
}
