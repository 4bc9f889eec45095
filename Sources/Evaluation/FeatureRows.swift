import Kernels

/// One row of features for each clip, `[count, width]`.
package struct FeatureRows: Sendable, Equatable {
  package let width: Int
  package var values: [Float]

  package init(_ values: [Float], width: Int) {
    self.width = max(1, width)
    self.values = values
  }

  package var count: Int { values.count / width }

  /// The rows of some clips, in that order.
  package func rows(_ indices: [Int]) -> FeatureRows {
    var chosen: [Float] = []
    chosen.reserveCapacity(indices.count * width)
    for index in indices { chosen += values[index * width..<(index + 1) * width] }
    return FeatureRows(chosen, width: width)
  }
}

/// Scales features to zero mean and unit deviation over the clips that a probe is trained on.
package struct Standardiser: Sendable {
  private let means: [Double]
  private let factors: [Double]

  /// A constant feature becomes 0.
  package init(_ rows: FeatureRows) {
    let (count, width) = (Double(max(1, rows.count)), rows.width)
    var means = [Double](repeating: 0, count: width)
    for (i, value) in rows.values.enumerated() { means[i % width] += Double(value) }
    for c in 0..<width { means[c] /= count }
    var squares = [Double](repeating: 0, count: width)
    for (i, value) in rows.values.enumerated() {
      let difference = Double(value) - means[i % width]
      squares[i % width] += difference * difference
    }
    self.means = means
    factors = squares.map { $0 / count > 1e-24 ? 1 / ($0 / count).squareRoot() : 0 }
  }

  package func callAsFunction(_ rows: FeatureRows) -> FeatureRows {
    var result = rows
    for i in result.values.indices {
      let column = i % rows.width
      result.values[i] = Float((Double(rows.values[i]) - means[column]) * factors[column])
    }
    return result
  }
}
