import Basics

/// The stored record of one evaluation: the method, the data and the results. It contains no path, time, host or thread
/// count.
package struct EvaluationRecord: Codable, Sendable, Equatable {
  /// classify, retrieve, timeline, zero-shot or caption.
  package var kind: String
  /// Names the data for people and distinguishes it from other data: a new evaluation with the same title and the same
  /// weights replaces the old one.
  package var title: String
  package var data: DataFacts
  /// SHA-256 of the weights file or the run's checkpoint; nil if no weights were used.
  package var weights: Digest?
  package var run: String?
  /// The number of training steps after which the weights were saved; nil if unknown.
  package var step: Int?
  /// The part of the data that was scored, `test` or `5 folds in turn`; nil for all of it.
  package var split: String?
  /// The number of clips that contribute to the scores; nil in records of older versions.
  package var scored: Int?
  /// How the scores were computed, in lines.
  package var method: [String]
  package var tables: [ScoreTable]
  package var confusion: [NamedConfusion] = []
  package var curve: LabelCurve?
  /// The prompts with their classes, in the order of the class embeddings.
  package var prompts: PromptFacts?
  package var warnings: [String] = []
  /// Scores and rows that are missing, each with what is needed to compute it.
  package var notComputed: [String]?
  /// Clips with their captions.
  package var examples: [CaptionExample]?

  package struct DataFacts: Codable, Sendable, Equatable {
    package var clips: Int
    package var classes: [String]
    /// The digest of the clips' names, audio, labels and folds.
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

  /// Identifies the evaluation apart from the weights.
  package var question: String { "\(kind)\n\(title)" }

  /// Identifies the record: a later evaluation with the same key replaces it. Other weights have other keys.
  package var key: String { "\(question)\n\(weights?.hex ?? "")" }

  /// Sorts by question in byte order, then by the training order of the weights.
  fileprivate static func comesFirst(_ a: Self, _ b: Self) -> Bool {
    if a.question != b.question { return a.question.utf8.lexicographicallyPrecedes(b.question.utf8) }
    return (a.step ?? -1, a.key) < (b.step ?? -1, b.key)
  }
}

/// Rows of scores with common columns.
package struct ScoreTable: Codable, Sendable, Equatable {
  package var title: String
  /// The names of the scores, in display order.
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
    /// The score of guessing.
    case chance
    /// Quoted from `source`, not computed.
    case published
  }

  package var name: String
  package var origin: Origin
  package var scores: [String: Spread]
  /// The source of a published row.
  package var source: String?
  /// Settings chosen during the evaluation, such as a probe's strength, by fold and seed.
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
  /// The sample deviation; nil for a single value.
  package var deviation: Double?
  /// In the order of folds, then seeds.
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

/// The score as a function of the share of labels used for training.
package struct LabelCurve: Codable, Sendable, Equatable {
  package struct Line: Codable, Sendable, Equatable {
    package var row: String
    package var points: [Spread]

    package init(row: String, points: [Spread]) { (self.row, self.points) = (row, points) }
  }

  package var score: String
  package var fractions: [Double]
  /// The number of labeled clips at each fraction, as a mean over folds.
  package var clips: [Double]
  package var lines: [Line]
  /// The fraction at which the supervised network overtakes the frozen one; nil if it does not.
  package var crossing: Double?

  package init(score: String, fractions: [Double], clips: [Double], lines: [Line]) {
    (self.score, self.fractions, self.clips, self.lines) = (score, fractions, clips, lines)
  }

  /// The first fraction at which `second` reaches `first`, interpolated on a logarithmic axis.
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

  /// The name of the file in a run's directory.
  package static let name = "evaluation.json"

  /// - Throws: `Failure` for a file that cannot be read. A missing file gives no evaluations.
  package init(reading path: String) throws {
    self.init()
    guard Files.exists(path) else { return }
    self = try CanonicalJSON.decode(EvaluationFile.self, from: try Files.read(path, limit: 1 << 28), source: path)
  }

  /// Adds a record, replacing one with the same key.
  package mutating func put(_ record: EvaluationRecord) {
    evaluations.removeAll { $0.key == record.key }
    evaluations.append(record)
    evaluations.sort(by: EvaluationRecord.comesFirst)
  }

  /// For each question, the record of the weights that were trained longest.
  package var latest: [EvaluationRecord] {
    evaluations.enumerated().filter { place, record in
      place + 1 == evaluations.count || evaluations[place + 1].question != record.question
    }.map(\.element)
  }
}
