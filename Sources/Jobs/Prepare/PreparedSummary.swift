import Basics
import Corpus
import StageGraph

/// What a finished `prepare` has to say.
package struct PreparedSummary: Sendable, Equatable {
  /// How far it came.
  package enum Ending: Sendable, Equatable {
    /// There are shards.
    case shards
    /// The frames are written, and no more was asked for.
    case frames
    /// There are no teacher embeddings to pair audio with.
    case withoutEmbeddings
    /// No clip can be used.
    case withoutPairs
    /// One part was worked on, and what came of it is in the remote cache.
    case part
  }

  /// What had to be done.
  package struct Work: Sendable, Equatable {
    /// Clips.
    package var decoded = 0
    /// Clips of which nothing was decoded and something came from the remote cache.
    package var fetched = 0
    /// Shards.
    package var written = 0
    /// Whether the shards are not the ones that were there.
    package var isRenewed = false

    package init() {}

    init(_ outcome: RunOutcome) {
      let decoded = Set(outcome.ran.filter { $0.stage.hasPrefix("extract-") }.map { ByteKey($0.subject) })
      self.decoded = decoded.count
      fetched = Set(outcome.fetched.map { ByteKey($0.subject) }).subtracting(decoded).count
    }
  }

  package var ending = Ending.shards
  package var work = Work()
  package var rows: [ReasonCount] = []
  /// Pairs by split.
  package var splits: [String: Int] = [:]
  /// Which clips are for training, validation and test, and why: one line for people.
  package var splitLine = ""
  package var leftOut = 0
  /// Files that are clips, and how many of them are not left out.
  package var clips = 0
  package var kept = 0
  package var shards = 0
  /// Of a part: clips that ended with something that may be otherwise next time, which is shared with nobody.
  package var unsettled = 0
  package var pairs: Int { splits.values.reduce(0, +) }

  package init() {}

  /// Enters the clips.
  mutating func add(_ prepared: PreparedPairs) {
    leftOut = prepared.leftOut
    for pair in prepared.pairs { splits[pair.split.rawValue, default: 0] += 1 }
    splitLine = prepared.splitLine
    rows = ReasonCount.rows(prepared.verdicts)
    clips = prepared.preparation.clips.candidates.count
    kept = prepared.verdicts.prefix(clips).count { $0.state != .leftOut }
  }

  /// More clips were left out than the settings allow; nil where not.
  package func tooManyLeftOut(_ settings: PrepareSettings) -> Failure? {
    let total = ending == .withoutEmbeddings ? clips : pairs + leftOut
    guard Double(leftOut) > settings.maxBadFraction * Double(total) else { return nil }
    return Failure.tooManyLeftOut(leftOut, of: total, allowed: settings.maxBadFraction)
  }

  /// How the command ends; nil for well.
  package func failure(_ settings: PrepareSettings) -> Failure? {
    switch ending {
    case .shards: tooManyLeftOut(settings)
    case .frames, .part: nil
    case .withoutEmbeddings: .noEmbeddings
    case .withoutPairs: .noPairs(leftOut)
    }
  }
}
