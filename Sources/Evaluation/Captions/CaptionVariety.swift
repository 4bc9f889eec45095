import Basics

/// The variety of a captioner's language, independent of its correctness, measured on the words used for scores.
package struct CaptionVariety: Sendable, Equatable {
  /// The number of different words in all sentences.
  package let vocabulary: Int
  /// The mean number of words per sentence.
  package let meanLength: Double
  /// The number of different sentences.
  package let distinct: Int
  /// The share of sentences that occur word for word in the training set.
  package let copied: Double

  /// - Parameters:
  ///   - sentences: the words of each.
  ///   - training: the words of each training caption.
  package init(_ sentences: [[String]], training: Set<[String]>) {
    vocabulary = Set(sentences.joined()).count
    meanLength = Scores.mean(sentences.map { Double($0.count) })
    distinct = Set(sentences).count
    copied = Scores.mean(sentences.map { training.contains($0) ? 1 : 0 })
  }
}
