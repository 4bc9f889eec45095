import Kernels

/// How well queries find what belongs to them in a gallery, by cosine similarity.
package struct RetrievalScores: Codable, Sendable, Equatable {
  package var queries: Int
  package var gallery: Int
  /// Share of queries whose own item is among the first 1, 5 and 10.
  package var recallAt1: Double
  package var recallAt5: Double
  package var recallAt10: Double
  /// Mean of 1 / rank of the own item.
  package var meanReciprocalRank: Double
  package var medianRank: Double
  /// Mean over queries of the average precision at finding items of the same label; nil without labels.
  package var classMeanAveragePrecision: Double?
  /// What a random order gives for recall at 5.
  package var chanceAt5: Double { min(1, 5 / Double(max(1, gallery))) }
}

package enum Retrieval {
  /// Query i belongs to item i.
  /// - Parameters:
  ///   - queries, gallery: `[count, width]`, any length of rows.
  ///   - labels: of the items, one each, or nil.
  ///
  /// Equal similarities rank in gallery order, so the result is one, whatever sorts.
  package static func score(queries: [Float], gallery: [Float], width: Int, labels: [String]?) -> RetrievalScores {
    let count = queries.count / max(1, width)
    let (q, g) = (normalised(queries, width), normalised(gallery, width))
    var ranks: [Int] = []
    var precisions: [Double] = []
    // Blocks of queries keep memory bounded for large galleries.
    let block = 256
    for start in stride(from: 0, to: count, by: block) {
      let rows = min(block, count - start)
      let similarity = FloatBuffer(rows * count)
      q.withUnsafeBufferPointer { q in
        g.withUnsafeBufferPointer { g in
          guard let q = q.baseAddress, let g = g.baseAddress else { return }
          Matrix.multiply(q + start * width, g, bTransposed: true, into: similarity.start, m: rows, n: count, k: width)
        }
      }
      for row in 0..<rows {
        let scores = UnsafeBufferPointer(start: similarity.start + row * count, count: count)
        ranks.append(rank(of: start + row, in: scores))
        if let labels { precisions.append(averagePrecision(scores, labels, label: labels[start + row])) }
      }
    }
    let total = Double(max(1, count))
    let share = { (k: Int) in Double(ranks.count { $0 <= k }) / total }
    return RetrievalScores(
      queries: count, gallery: count, recallAt1: share(1), recallAt5: share(5), recallAt10: share(10),
      meanReciprocalRank: ranks.reduce(0) { $0 + 1 / Double($1) } / total, medianRank: median(ranks),
      classMeanAveragePrecision: labels == nil ? nil : precisions.reduce(0, +) / total)
  }

  private static func normalised(_ rows: [Float], _ width: Int) -> [Float] {
    var result = rows
    for start in stride(from: 0, to: rows.count, by: max(1, width)) {
      var sum = 0.0
      for i in start..<start + width { sum += Double(rows[i]) * Double(rows[i]) }
      let length = max(sum.squareRoot(), 1e-12)
      for i in start..<start + width { result[i] = Float(Double(rows[i]) / length) }
    }
    return result
  }

  private static func rank(of own: Int, in scores: UnsafeBufferPointer<Float>) -> Int {
    var rank = 1
    for i in scores.indices where scores[i] > scores[own] || (scores[i] == scores[own] && i < own) { rank += 1 }
    return rank
  }

  /// Mean of the precision at each item of the label, best first.
  private static func averagePrecision(_ scores: UnsafeBufferPointer<Float>, _ labels: [String], label: String)
    -> Double
  {
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    var (found, sum) = (0, 0.0)
    for (place, item) in order.enumerated() where labels[item] == label {
      found += 1
      sum += Double(found) / Double(place + 1)
    }
    return found == 0 ? 0 : sum / Double(found)
  }

  private static func median(_ ranks: [Int]) -> Double {
    guard !ranks.isEmpty else { return 0 }
    let sorted = ranks.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? Double(sorted[middle]) : Double(sorted[middle - 1] + sorted[middle]) / 2
  }
}
