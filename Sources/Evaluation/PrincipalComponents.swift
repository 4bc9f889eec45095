import Basics

/// The directions of largest variance of rows, by power iteration: sufficient for a map in two dimensions.
package struct PrincipalComponents: Sendable {
  /// `[count, components]`: the coordinates of each row.
  package let places: [[Double]]
  /// Each component's share of the total variance.
  package let shares: [Double]

  private static let iterations = 200

  /// - Parameter rows: `[count, width]`. The same rows give the same coordinates, including signs.
  package init(_ rows: [Float], width: Int, components: Int) {
    let count = rows.count / max(1, width)
    var means = [Double](repeating: 0, count: width)
    for (i, value) in rows.enumerated() { means[i % width] += Double(value) / Double(max(1, count)) }
    var centred = rows.enumerated().map { Double($1) - means[$0 % width] }
    let total = centred.reduce(0) { $0 + $1 * $1 }
    var (places, shares) = ([[Double]](repeating: [], count: count), [Double]())
    for component in 0..<components {
      var random = SeededRandom(seed: 1, for: "component", UInt64(component))
      var direction = (0..<width).map { _ in random.normal() }
      for _ in 0..<Self.iterations {
        let scores = Self.project(centred, direction, count)
        var next = [Double](repeating: 0, count: width)
        for row in 0..<count {
          for i in 0..<width { next[i] += scores[row] * centred[row * width + i] }
        }
        let length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 1e-300 else { break }
        direction = next.map { $0 / length }
      }
      // The sign of a direction is arbitrary: its largest component is made positive.
      if let largest = direction.max(by: { abs($0) < abs($1) }), largest < 0 { direction = direction.map { -$0 } }
      let scores = Self.project(centred, direction, count)
      let length = direction.reduce(0) { $0 + $1 * $1 }
      shares.append(total > 0 ? scores.reduce(0) { $0 + $1 * $1 } / max(length, 1e-300) / total : 0)
      for row in 0..<count {
        places[row].append(scores[row])
        for i in 0..<width { centred[row * width + i] -= scores[row] * direction[i] / max(length, 1e-300) }
      }
    }
    (self.places, self.shares) = (places, shares)
  }

  private static func project(_ rows: [Double], _ direction: [Double], _ count: Int) -> [Double] {
    let width = direction.count
    return (0..<count).map { row in
      var sum = 0.0
      for i in 0..<width { sum += rows[row * width + i] * direction[i] }
      return sum
    }
  }
}
