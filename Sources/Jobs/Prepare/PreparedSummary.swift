import Basics
import Corpus
import StageGraph

/// What a finished `prepare` has to say.
package struct PreparedSummary: Sendable, Equatable {
  /// One reason and the clips that it holds for.
  package struct Row: Sendable, Equatable {
    /// "left out" or "warning".
    package var title: String
    package var reason: String
    package var count: Int
    package var example: String

    package init(title: String, reason: String, count: Int, example: String) {
      (self.title, self.reason, self.count, self.example) = (title, reason, count, example)
    }
  }

  /// How far it came.
  package enum Ending: Sendable, Equatable {
    /// There are shards.
    case shards
    /// The frames are written, and no more was asked for.
    case frames
    /// There are no teacher vectors to pair sound with.
    case withoutVectors
    /// No clip can be used.
    case withoutPairs
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
      let decoded = Set(outcome.ran.filter { $0.stage.hasPrefix("extract-") }.map(\.subject))
      self.decoded = decoded.count
      fetched = Set(outcome.fetched.map(\.subject)).subtracting(decoded).count
    }
  }

  package var ending = Ending.shards
  package var work = Work()
  package var rows: [Row] = []
  /// Pairs by split.
  package var splits: [String: Int] = [:]
  package var leftOut = 0
  /// Files that are clips, and how many of them are not left out.
  package var clips = 0
  package var kept = 0
  package var shards = 0
  package var pairs: Int { splits.values.reduce(0, +) }

  package init() {}

  /// Enters the clips.
  mutating func add(_ prepared: PreparedPairs) {
    leftOut = prepared.leftOut
    for pair in prepared.pairs { splits[pair.split.rawValue, default: 0] += 1 }
    rows = Self.rows(prepared.verdicts)
    clips = prepared.preparation.clips.candidates.count
    kept = prepared.verdicts.prefix(clips).count { $0.state != .leftOut }
  }

  /// One row a reason; those of most clips first.
  package static func rows(_ verdicts: [ClipVerdict]) -> [Row] {
    var (leftOut, warned): ([ReasonCode: Row], [ReasonCode: Row]) = ([:], [:])
    func count(_ title: String, _ code: ReasonCode, _ verdict: ClipVerdict, in rows: inout [ReasonCode: Row]) {
      let evidence = verdict.findings.first { $0.code == code }?.evidence ?? ""
      let example = "\(verdict.file.isEmpty ? verdict.id : verdict.file): \(evidence)"
      rows[code, default: Row(title: title, reason: code.rawValue, count: 0, example: example)].count += 1
    }
    for verdict in verdicts where !verdict.findings.isEmpty || verdict.reason != nil {
      if let reason = verdict.reason {
        count("left out", reason, verdict, in: &leftOut)
      } else {
        for code in Set(verdict.findings.map(\.code)) { count("warning", code, verdict, in: &warned) }
      }
    }
    return [leftOut, warned].flatMap { $0.values.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) } }
  }

  /// More clips were left out than the settings allow; nil where not.
  package func tooManyLeftOut(_ settings: PrepareSettings) -> Failure? {
    let total = ending == .withoutVectors ? clips : pairs + leftOut
    guard Double(leftOut) > settings.maxBadFraction * Double(total) else { return nil }
    return Failure.tooManyLeftOut(leftOut, of: total, allowed: settings.maxBadFraction)
  }

  /// How the command ends; nil for well.
  package func failure(_ settings: PrepareSettings) -> Failure? {
    switch ending {
    case .shards: tooManyLeftOut(settings)
    case .frames: nil
    case .withoutVectors: .noVectors
    case .withoutPairs: .noPairs(leftOut)
    }
  }
}
