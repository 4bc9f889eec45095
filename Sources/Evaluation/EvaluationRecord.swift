import Basics

/// One evaluation as it is kept: what was done, on what, and what came out. Holds no path, clock, host or thread count.
package struct EvaluationRecord: Codable, Sendable, Equatable {
  /// classify, retrieve, timeline, zero-shot or caption.
  package var kind: String
  /// Names the data to people, and apart from other data: evaluations of one title by the same weights take each
  /// other's place.
  package var title: String
  package var data: DataFacts
  /// SHA-256 of the weights' file or the run's checkpoint; nil where no weights took part.
  package var weights: Digest?
  package var run: String?
  /// After how many steps of the run the weights were saved; nil where it is not known.
  package var step: Int?
  /// What part of the data was scored, `test` or `5 folds in turn`; nil for all of it.
  package var split: String?
  /// Clips that have a share in the scores; nil in records of older versions.
  package var scored: Int?
  /// How the figures were come by, a line each.
  package var method: [String]
  package var tables: [ScoreTable]
  package var confusion: [NamedConfusion] = []
  package var curve: LabelCurve?
  /// Prompt texts with their class, in the order of the class embeddings.
  package var prompts: PromptFacts?
  package var warnings: [String] = []
  /// Scores and rows that belong here but are not there, with what would bring each.
  package var notComputed: [String]?
  /// Clips with what was said of them.
  package var examples: [CaptionExample]?

  package struct DataFacts: Codable, Sendable, Equatable {
    package var clips: Int
    package var classes: [String]
    /// Of the clips' names, audio, labels and folds.
    package var digest: Digest
    /// Clips that could not be used, with the reason.
    package var leftOut: [String]

    package init(clips: Int, classes: [String], digest: Digest, leftOut: [String] = []) {
      (self.clips, self.classes, self.digest, self.leftOut) = (clips, classes, digest, leftOut)
    }
  }

  package struct NamedConfusion: Codable, Sendable, Equatable {
    package var row: String
    package var matrix: ConfusionMatrix

    package init(row: String, matrix: ConfusionMatrix) { (self.row, self.matrix) = (row, matrix) }
  }

  package struct PromptFacts: Codable, Sendable, Equatable {
    package var labels: [String]
    package var prompt: String?
    package var model: String?
    package var embeddings: Digest

    private enum CodingKeys: String, CodingKey {
      case labels, prompt, model
      case embeddings = "vectors"
    }

    package init(labels: [String], prompt: String?, model: String?, embeddings: Digest) {
      (self.labels, self.prompt, self.model, self.embeddings) = (labels, prompt, model, embeddings)
    }
  }

  package init(
    kind: String, title: String, data: DataFacts, of student: EvaluatedModel?, split: String?, scored: Int,
    method: [String], tables: [ScoreTable]
  ) {
    (self.kind, self.title, self.data, self.method, self.tables) = (kind, title, data, method, tables)
    (weights, run, step) = (student?.digest, student?.run, student?.step)
    (self.split, self.scored) = (split, scored)
  }

  /// What is asked of the weights, whichever they are.
  package var question: String { "\(kind)\n\(title)" }

  /// What a later evaluation of the same thing replaces: other weights have other keys.
  package var key: String { "\(question)\n\(weights?.hex ?? "")" }

  /// Questions in byte order; of one question the weights in the order in which they were trained.
  fileprivate static func comesFirst(_ a: Self, _ b: Self) -> Bool {
    if a.question != b.question { return a.question.utf8.lexicographicallyPrecedes(b.question.utf8) }
    return (a.step ?? -1, a.key) < (b.step ?? -1, b.key)
  }
}

/// Rows of scores under the same columns.
package struct ScoreTable: Codable, Sendable, Equatable {
  package var title: String
  /// Names of the scores, in the order they are shown.
  package var columns: [String]
  package var rows: [ScoreRow]

  package init(title: String, columns: [String], rows: [ScoreRow]) {
    (self.title, self.columns, self.rows) = (title, columns, rows)
  }
}

package struct ScoreRow: Codable, Sendable, Equatable {
  package enum Origin: String, Codable, Sendable {
    /// Computed by this evaluation.
    case measured
    /// What guessing gives.
    case chance
    /// Quoted from `source`, never computed.
    case published
  }

  package var name: String
  package var origin: Origin
  package var scores: [String: Spread]
  /// Where a published row comes from.
  package var source: String?
  /// Settings that were chosen on the way, such as a probe's strength, by fold and seed.
  package var choices: [String: Double]?

  package init(
    _ name: String, _ origin: Origin = .measured, scores: [String: Spread], source: String? = nil,
    choices: [String: Double]? = nil
  ) {
    (self.name, self.origin, self.scores, self.source, self.choices) = (name, origin, scores, source, choices)
  }
}

/// A score over folds and seeds.
package struct Spread: Codable, Sendable, Equatable {
  package var mean: Double
  /// Sample deviation; nil for a single value.
  package var deviation: Double?
  /// In the order of folds, seeds within.
  package var values: [Double]

  package init(_ values: [Double]) {
    self.values = values
    mean = Scores.mean(values)
    let center = mean
    deviation =
      values.count > 1
      ? (values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(values.count - 1)).squareRoot() : nil
  }
}

/// Score against the share of labels learned from.
package struct LabelCurve: Codable, Sendable, Equatable {
  package struct Line: Codable, Sendable, Equatable {
    package var row: String
    package var points: [Spread]

    package init(row: String, points: [Spread]) { (self.row, self.points) = (row, points) }
  }

  package var score: String
  package var fractions: [Double]
  /// Labelled clips at each fraction, over all folds' mean.
  package var clips: [Double]
  package var lines: [Line]
  /// Where the supervised network overtakes the frozen one; nil when it does not within the fractions.
  package var crossing: Double?

  package init(score: String, fractions: [Double], clips: [Double], lines: [Line]) {
    (self.score, self.fractions, self.clips, self.lines) = (score, fractions, clips, lines)
  }

  /// The first fraction at which `second` reaches `first`, between points on a logarithmic axis.
  package func crossing(of second: String, over first: String) -> Double? {
    guard let a = lines.first(where: { $0.row == first }), let b = lines.first(where: { $0.row == second }) else {
      return nil
    }
    let lead = zip(a.points, b.points).map { $0.mean - $1.mean }
    guard let at = lead.firstIndex(where: { $0 <= 0 }) else { return nil }
    guard at > 0 else { return fractions[0] }
    let share = lead[at - 1] / (lead[at - 1] - lead[at])
    let (low, high) = (naturalLogarithm(fractions[at - 1]), naturalLogarithm(fractions[at]))
    return exponential(low + share * (high - low))
  }
}

/// All evaluations of one run: `evaluation.json`.
package struct EvaluationFile: Codable, Sendable, Equatable {
  package var format = 1
  /// By question, then by step.
  package var evaluations: [EvaluationRecord]

  package init(_ evaluations: [EvaluationRecord] = []) { self.evaluations = evaluations }

  /// What the file is called in a run's directory.
  package static let name = "evaluation.json"

  /// - Throws: `Failure` for a file that cannot be read; one that is not there holds no evaluations.
  package init(reading path: String) throws {
    self.init()
    guard Files.exists(path) else { return }
    self = try CanonicalJSON.decode(EvaluationFile.self, from: try Files.read(path, limit: 1 << 28), source: path)
  }

  /// Puts a record in, in place of one of the same key.
  package mutating func put(_ record: EvaluationRecord) {
    evaluations.removeAll { $0.key == record.key }
    evaluations.append(record)
    evaluations.sort(by: EvaluationRecord.comesFirst)
  }

  /// Of each question the scores of the weights that were trained longest.
  package var latest: [EvaluationRecord] {
    evaluations.enumerated().filter { place, record in
      place + 1 == evaluations.count || evaluations[place + 1].question != record.question
    }.map(\.element)
  }
}
