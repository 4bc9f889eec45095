import Basics

/// The quality of class scores compared with labels. Values that cannot be computed (a class without positives) are
/// left out of means.
package struct ClassificationScores: Codable, Sendable, Equatable {
  /// The share of clips whose highest score is that of their label; nil if clips have several labels.
  package var accuracy: Double?
  /// Mean over classes of the average precision.
  package var meanAveragePrecision: Double
  /// Mean over classes of the area under the ROC curve.
  package var areaUnderCurve: Double
  /// √2 · Φ⁻¹(mean area), as reported by the authors of AudioSet.
  package var dPrime: Double

  /// - Parameters:
  ///   - scores: `[clips, classes]`, higher means more likely.
  ///   - targets: `[clips, classes]`, 0 or 1.
  package init(scores: [Float], targets: [Float], classes: Int, isMultiLabel: Bool) {
    let rows = scores.count / max(1, classes)
    var (precisions, areas) = ([Double](), [Double]())
    for column in 0..<classes {
      let values = (0..<rows).map { scores[$0 * classes + column] }
      let relevant = (0..<rows).map { targets[$0 * classes + column] > 0.5 }
      if let precision = Scores.averagePrecision(values, relevant) { precisions.append(precision) }
      if let area = Scores.areaUnderCurve(values, relevant) { areas.append(area) }
    }
    meanAveragePrecision = Scores.mean(precisions)
    areaUnderCurve = Scores.mean(areas)
    dPrime = Scores.dPrime(area: areaUnderCurve)
    accuracy =
      isMultiLabel
      ? nil
      : Double((0..<rows).count { row in targets[row * classes + Scores.best(scores, row, classes)] > 0.5 })
        / Double(max(1, rows))
  }
}

/// How often clips of one class (rows) were classified as another (columns).
package struct ConfusionMatrix: Codable, Sendable, Equatable {
  package var labels: [String]
  /// `[actual][predicted]`.
  package var counts: [[Int]]

  package init(labels: [String]) {
    self.labels = labels
    counts = labels.map { _ in labels.map { _ in 0 } }
  }

  package mutating func add(actual: Int, predicted: Int) { counts[actual][predicted] += 1 }
}

/// Single scores, by their textbook definitions.
package enum Scores {
  /// The column with the highest score of a row; the first one if several are equal.
  package static func best(_ scores: [Float], _ row: Int, _ classes: Int) -> Int {
    var best = 0
    for column in 0..<classes where scores[row * classes + column] > scores[row * classes + best] { best = column }
    return best
  }

  package static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// Σ (Rₖ − Rₖ₋₁) Pₖ over the thresholds, with equal scores together (as in scikit-learn); nil without a positive.
  package static func averagePrecision(_ scores: [Float], _ relevant: [Bool]) -> Double? {
    let positives = relevant.count { $0 }
    guard positives > 0 else { return nil }
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    var (found, sum, start) = (0, 0.0, 0)
    while start < order.count {
      // NaN is not equal to any score, not even to itself.
      var end = start + 1
      while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
      let more = order[start..<end].count { relevant[$0] }
      found += more
      sum += Double(more) * Double(found) / Double(end)
      start = end
    }
    return sum / Double(positives)
  }

  /// The probability that a positive scores higher than a negative, with equal scores counted as half; nil unless there
  /// are both.
  package static func areaUnderCurve(_ scores: [Float], _ relevant: [Bool]) -> Double? {
    let positives = relevant.count { $0 }
    let negatives = relevant.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
    var (sum, start) = (0.0, 0)
    while start < order.count {
      var end = start + 1
      while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
      // Ranks start at 1; equal scores share their mean rank.
      sum += Double(order[start..<end].count { relevant[$0] }) * Double(start + 1 + end) / 2
      start = end
    }
    return (sum - Double(positives) * Double(positives + 1) / 2) / (Double(positives) * Double(negatives))
  }

  /// √2 · Φ⁻¹(area); the area is limited to between 1e−15 and 1 − 1e−15.
  package static func dPrime(area: Double) -> Double {
    2.0.squareRoot() * inverseNormal(min(max(area, 1e-15), 1 - 1e-15))
  }

  /// Φ⁻¹ by bisection of the error function: an accuracy of 1e−12 is enough and needs no table of coefficients.
  static func inverseNormal(_ share: Double) -> Double {
    var (low, high) = (-10.0, 10.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if normalShare(middle) < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
