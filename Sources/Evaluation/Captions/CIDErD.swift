import Basics

/// CIDEr-D (Vedantam et al. 2015), as computed by pycocoevalcap, which calls it CIDEr: the agreement on n-grams of one
/// to four words, where n-grams that occur in few clips' references count more.
///
/// The weight of an n-gram is its raw count times idf = ln(items) − ln(items whose references contain it, at least 1).
/// A candidate's weight beyond the reference's does not count, and a difference in length is penalized by a Gaussian of
/// deviation 6. The score is the mean over n = 1…4, then over references, times 10.
///
/// The same tokens give the same bits everywhere: sums are computed in text order, with the project's own exp and ln. A
/// corpus of one item scores 0, since every weight is then ln 1.
package struct CIDErD: Sendable {
  /// The deviation of the Gaussian, in words.
  private static let deviation = 6.0

  private let documentCounts: [NGram: Int]
  private let logItems: Double
  private let numbers: WordNumbers
  private let references: [[Weighted]]

  /// - Parameter references: the tokens of each item's references. Document frequencies are counted over all of them,
  ///   so a subset of a corpus gives other scores.
  package init(references texts: [[[String]]]) {
    var numbers = WordNumbers()
    let words = texts.map { $0.map { numbers($0) } }
    var documentCounts: [NGram: Int] = [:]
    let grams = words.map { $0.map(Self.grams) }
    for item in grams {
      var seen: Set<NGram> = []
      for counts in item.joined() { for (gram, _) in counts.counts { seen.insert(gram) } }
      for gram in seen { documentCounts[gram, default: 0] += 1 }
    }
    self.documentCounts = documentCounts
    logItems = naturalLogarithm(Double(max(1, texts.count)))
    self.numbers = numbers
    let logItems = logItems
    references = zip(words, grams).map { texts, grams in
      zip(texts, grams).map { Weighted(words: $0.count, grams: $1, documentCounts, logItems) }
    }
  }

  private static func grams(_ words: [Int32]) -> [NGramCounts] {
    (1...NGramCounts.longest).map { NGramCounts(words, $0) }
  }

  /// - Parameter candidates: the tokens of one text for each item.
  /// - Returns: one score for each item, 0 to 10; 0 for an item without references.
  package func scores(_ candidates: [[String]]) -> [Double] {
    var numbers = numbers
    return zip(candidates, references).map { candidate, references in
      guard !references.isEmpty else { return 0 }
      let words = numbers(candidate)
      let weighted = Weighted(words: words.count, grams: Self.grams(words), documentCounts, logItems)
      return 10 * references.reduce(0) { $0 + weighted.similarity(to: $1) } / Double(references.count)
    }
  }

  /// The mean over items: the score of the corpus.
  package func score(_ candidates: [[String]]) -> Double { Scores.mean(scores(candidates)) }

  /// A text's n-grams with their weights.
  private struct Weighted: Sendable {
    let grams: [NGramCounts]
    /// By n, in the order of `grams`.
    let weights: [[Double]]
    /// By n: the length of the vector of weights.
    let norms: [Double]
    /// The number of its pairs of words: texts of no word and of one word have the same length.
    let length: Int

    init(words: Int, grams: [NGramCounts], _ documentCounts: [NGram: Int], _ logItems: Double) {
      self.grams = grams
      length = max(0, words - 1)
      weights = grams.map { counts in
        counts.counts.map { gram, count in
          Double(count) * (logItems - naturalLogarithm(Double(max(1, documentCounts[gram] ?? 0))))
        }
      }
      norms = weights.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    }

    /// The similarity of this candidate to a reference.
    func similarity(to reference: Weighted) -> Double {
      var sum = 0.0
      for n in grams.indices {
        var product = 0.0
        for (place, (gram, _)) in grams[n].counts.enumerated() {
          guard let other = reference.grams[n].place(of: gram) else { continue }
          let weight = reference.weights[n][other]
          product += min(weights[n][place], weight) * weight
        }
        let norm = norms[n] * reference.norms[n]
        sum += norm > 0 ? product / norm : product
      }
      let difference = Double(length - reference.length)
      return sum * exponential(-difference * difference / (2 * CIDErD.deviation * CIDErD.deviation))
        / Double(NGramCounts.longest)
    }
  }
}
