/// ROUGE-L (Lin 2004) as computed by pycocoevalcap: common words in the same order, with gaps allowed.
enum ROUGEL {
  /// How much more recall counts than precision.
  private static let beta = 1.2
  /// A text without words counts as one empty word, as in pycocoevalcap.
  private static let emptyWord: Int32 = -1

  /// Uses the best precision and the best recall over the references, possibly from different references.
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

  /// The length of the longest common subsequence in words. The time is proportional to the product of the lengths, the
  /// memory to one length.
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
