/// ROUGE-L (Lin 2004) as pycocoevalcap computes it: words in common in the same order, with gaps.
enum ROUGEL {
  /// How much more recall counts than precision.
  private static let beta = 1.2
  /// What a text without a word holds: one empty word, which is what the judge makes of it.
  private static let emptyWord: Int32 = -1

  /// The best precision and the best recall over the references, which may come from two of them.
  /// - Returns: 0 to 1; 1 for an empty candidate with an empty reference.
  static func score(candidate: [Int32], references: [[Int32]]) -> Double {
    let candidate = candidate.isEmpty ? [emptyWord] : candidate
    var (precision, recall) = (0.0, 0.0)
    for reference in references {
      let reference = reference.isEmpty ? [emptyWord] : reference
      let common = Double(longestCommon(candidate, reference))
      precision = max(precision, common / Double(candidate.count))
      recall = max(recall, common / Double(reference.count))
    }
    guard precision > 0, recall > 0 else { return 0 }
    return (1 + beta * beta) * precision * recall / (recall + beta * beta * precision)
  }

  /// Words of the longest common subsequence. Time is the product of the lengths, memory that of one.
  private static func longestCommon(_ a: [Int32], _ b: [Int32]) -> Int {
    var row = [Int32](repeating: 0, count: b.count + 1)
    for word in a {
      var diagonal: Int32 = 0
      for place in b.indices {
        let above = row[place + 1]
        row[place + 1] = word == b[place] ? diagonal + 1 : max(above, row[place])
        diagonal = above
      }
    }
    return Int(row[b.count])
  }
}
