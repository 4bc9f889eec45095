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
      return EvaluationHeadline(
        row: row.name, score: score, value: found.mean, deviation: found.deviation, chance: guess?.scores[score]?.mean,
        clips: scored ?? data.clips)
    }
    return nil
  }
}

extension EvaluationHeadline {
  /// Scores that are shares of the clips. Guessing then has the same chance for each clip.
  private static let shares: Set = ["R@1", "R@5", "R@10", "accuracy", "first is right"]

  /// Warnings about a score of few clips, and about a score that guessing may reach.
  package var cautions: [String] { [fewClipsCaution, chanceCaution].compactMap(\.self) }

  private var fewClipsCaution: String? {
    guard clips < Self.fewClips else { return nil }
    let share = clips > 0 ? ", and one of them moves a score by \(EvaluationText.number(1 / Double(clips)))" : ""
    return "only \(clips) \(clips == 1 ? "clip was" : "clips were") scored\(share): too few to compare models"
  }

  /// Guessing stays within two standard errors of chance in 19 of 20 evaluations.
  private var chanceCaution: String? {
    guard let chance, (0...1).contains(chance), clips > 0, Self.shares.contains(score) else { return nil }
    let limit = chance + 2 * (chance * (1 - chance) / Double(clips)).squareRoot()
    guard value <= limit else { return nil }
    return "\(row): \(score) \(EvaluationText.number(value)) is not clearly better than guessing: chance is "
      + "\(EvaluationText.number(chance)), and with \(counted(clips, "clip")) guessing may reach \(EvaluationText.number(limit))"
  }
}
