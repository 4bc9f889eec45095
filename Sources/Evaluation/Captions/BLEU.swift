import Basics

/// BLEU-1 … BLEU-4 (Papineni et al. 2002) as computed by pycocoevalcap: for a corpus, counts and lengths are summed
/// first.
///
/// An n-gram counts at most as often as it occurs in the reference that has it most often. The score is the geometric
/// mean over orders 1…n, times exp(1 − r/c) if the candidates are shorter: r is the length of the closest reference, or
/// the shorter of two equally close ones. pycocoevalcap's tiny constants are kept, because they determine the scores of
/// texts without a match.
struct BLEU: Sendable, Equatable {
  /// The n-grams of 1…4 words that occur in a reference, and all n-grams.
  private var matches = [Int](repeating: 0, count: NGramCounts.longest)
  private var guesses = [Int](repeating: 0, count: NGramCounts.longest)
  private var length = 0
  private var referenceLength = 0

  private static let (tiny, small) = (1e-15, 1e-9)

  init() {}

  /// The counts of one item.
  init(candidate: [Int32], references: [[Int32]]) {
    for n in 1...NGramCounts.longest {
      let others = references.map { NGramCounts($0, n) }
      for (gram, count) in NGramCounts(candidate, n).counts {
        matches[n - 1] += min(count, others.map { $0.count(of: gram) }.max() ?? 0)
      }
      guesses[n - 1] = max(0, candidate.count - n + 1)
    }
    length = candidate.count
    referenceLength =
      references.map(\.count).min { (abs($0 - candidate.count), $0) < (abs($1 - candidate.count), $1) } ?? 0
  }

  static func += (sum: inout BLEU, item: BLEU) {
    for n in 0..<NGramCounts.longest {
      sum.matches[n] += item.matches[n]
      sum.guesses[n] += item.guesses[n]
    }
    sum.length += item.length
    sum.referenceLength += item.referenceLength
  }

  /// BLEU-1 … BLEU-4.
  var scores: [Double] {
    let ratio = (Double(length) + Self.tiny) / (Double(referenceLength) + Self.small)
    let penalty = ratio < 1 ? exponential(1 - 1 / ratio) : 1
    var product = 1.0
    return (0..<NGramCounts.longest).map { n in
      product *= (Double(matches[n]) + Self.tiny) / (Double(guesses[n]) + Self.small)
      return exponential(naturalLogarithm(product) / Double(n + 1)) * penalty
    }
  }
}
