import Basics

/// The main score of an evaluation, for lists, headlines and comparisons.
package struct EvaluationHeadline: Sendable, Equatable {
  /// The row that was measured: `audio → image`.
  package var row: String
  /// `R@5`, `accuracy`, …
  package var score: String
  package var value: Double
  package var deviation: Double?
  /// The score of guessing; nil if the evaluation does not give it.
  package var chance: Double?
  /// The number of clips that contribute to the score.
  package var clips: Int
  /// The number of trials that the score is the mean of: of queries, where there are queries, otherwise of clips.
  package var trials: Int

  /// Below this number of clips a score says little: one more correct clip changes it by two hundredths.
  package static let fewClips = 50
}

extension EvaluationRecord {
  /// R@5 of a retrieval's first row, CIDEr-D of the first captions, or for other evaluations the first score of the
  /// first measured row. Nil if nothing was measured.
  package var headline: EvaluationHeadline? {
    for table in tables {
      guard let row = table.rows.first(where: { $0.origin == .measured }),
        let score = (["R@5", "CIDEr-D"] + table.columns).first(where: { row.scores[$0] != nil }),
        let found = row.scores[score]
      else { continue }
      let guesses = table.rows.filter { $0.origin == .chance }
      let guess = guesses.first { $0.name.hasSuffix(row.name) } ?? guesses.first
      let clips = scored ?? data.clips
      return EvaluationHeadline(
        row: row.name, score: score, value: found.mean, deviation: found.deviation, chance: guess?.scores[score]?.mean,
        clips: clips, trials: row.scores["queries"].map { Int($0.mean) } ?? clips)
    }
    return nil
  }
}

extension EvaluationHeadline {
  /// Scores that are shares of trials: each trial succeeds or fails.
  private static let shares: Set = ["R@1", "R@5", "R@10", "accuracy", "first is right"]

  /// Warnings about a score of few clips, and about a score that guessing may reach.
  package var cautions: [String] { [fewClipsCaution, chanceCaution].compactMap(\.self) }

  private var fewClipsCaution: String? {
    guard clips < Self.fewClips else { return nil }
    let share = clips > 0 ? ", and one of them moves a score by \(EvaluationText.number(1 / Double(clips)))" : ""
    return "only \(clips) \(clips == 1 ? "clip was" : "clips were") scored\(share): too few to compare models"
  }

  /// Independent guesses succeed in a share of n trials that is chance p with a standard error of at most
  /// √(p (1 − p) / n). In 19 of 20 evaluations they stay within two standard errors.
  private var chanceCaution: String? {
    guard let chance, (0...1).contains(chance), trials > 0, Self.shares.contains(score) else { return nil }
    let limit = chance + 2 * (chance * (1 - chance) / Double(trials)).squareRoot()
    guard value <= limit else { return nil }
    return "\(row): \(score) \(EvaluationText.number(value)) is not clearly better than guessing: chance is "
      + "\(EvaluationText.number(chance)), and guessing may reach \(EvaluationText.number(limit)) with so few clips"
  }
}
