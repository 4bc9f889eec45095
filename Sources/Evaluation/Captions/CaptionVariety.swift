import Basics

/// How much of a language a captioner speaks, whatever it says: by the words that scores see.
package struct CaptionVariety: Sendable, Equatable {
  /// Different words in all sentences.
  package let vocabulary: Int
  /// Words in a sentence.
  package let meanLength: Double
  /// Different sentences.
  package let distinct: Int
  /// Share of the sentences that stand in the training set word for word.
  package let copied: Double

  /// - Parameters:
  ///   - sentences: words of each.
  ///   - training: words of each training caption.
  package init(_ sentences: [[String]], training: Set<[String]>) {
    vocabulary = Set(sentences.joined()).count
    meanLength = Scores.mean(sentences.map { Double($0.count) })
    distinct = Set(sentences).count
    copied = Scores.mean(sentences.map { training.contains($0) ? 1 : 0 })
  }
}
