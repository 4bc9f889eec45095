import Basics
import Corpus
import StageGraph

/// The result of a finished `prepare`.
package struct PreparedSummary: Sendable, Equatable {
  /// How far the run got.
  package enum Ending: Sendable, Equatable {
    /// Shards were written.
    case shards
    /// The frames are written, and nothing else was asked for.
    case frames
    /// There are no teacher embeddings to pair the audio with.
    case withoutEmbeddings
    /// No clip can be used.
    case withoutPairs
    /// One part was processed, and its results are in the remote cache.
    case part
  }

  /// The work that was done.
  package struct Work: Sendable, Equatable {
    /// Number of clips.
    package var decoded = 0
    /// Number of clips for which nothing was decoded and something came from the remote cache.
    package var fetched = 0
    /// Number of clips whose frames were embedded.
    package var embedded = 0
    /// Number of shards.
    package var written = 0
    /// Whether the shards differ from those that were there before.
    package var isRenewed = false

    package init() {}

    init(_ outcome: RunOutcome) {
      let decoded = Set(outcome.ran.filter { $0.stage.hasPrefix("extract-") }.map { ByteKey($0.subject) })
      self.decoded = decoded.count
      embedded = outcome.ran.count { $0.stage == EmbedFrames.name }
      fetched = Set(outcome.fetched.map { ByteKey($0.subject) }).subtracting(decoded).count
    }
  }

  package var ending = Ending.shards
  package var work = Work()
  package var rows: [ReasonCount] = []
  /// Number of pairs by split.
  package var splits: [String: Int] = [:]
  /// Which clips are for training, validation and test, and why: one line for people.
  package var splitLine = ""
  package var leftOut = 0
  /// Number of files that are clips, and how many of them are not left out.
  package var clips = 0
  package var kept = 0
  package var shards = 0
  /// For a part: number of clips with a result that could be different next time, which is not shared.
  package var unsettled = 0
  package var pairs: Int { splits.values.reduce(0, +) }

  package init() {}

  /// Adds the clips.
  mutating func add(_ prepared: PreparedPairs) {
    leftOut = prepared.leftOut
    for pair in prepared.pairs { splits[pair.split.rawValue, default: 0] += 1 }
    splitLine = prepared.splitLine
    rows = ReasonCount.rows(prepared.verdicts)
    clips = prepared.preparation.clips.candidates.count
    kept = prepared.verdicts.prefix(clips).count { $0.state != .leftOut }
  }

  /// The failure when more clips were left out than the settings allow; nil otherwise.
  package func tooManyLeftOut(_ settings: PrepareSettings) -> Failure? {
    let total = ending == .withoutEmbeddings ? clips : pairs + leftOut
    guard Double(leftOut) > settings.maxBadFraction * Double(total) else { return nil }
    return Failure.tooManyLeftOut(leftOut, of: total, allowed: settings.maxBadFraction)
  }

  /// The failure that the command ends with; nil for success.
  package func failure(_ settings: PrepareSettings) -> Failure? {
    switch ending {
    case .shards: tooManyLeftOut(settings)
    case .frames, .part: nil
    case .withoutEmbeddings: .noEmbeddings
    case .withoutPairs: .noPairs(leftOut)
    }
  }
}
