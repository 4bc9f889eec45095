/// How far a list of numbers is from the expected one, in magnitude and in direction.
///
/// With a wide tolerance, the largest difference alone would accept zeros instead of a small gradient. The cosine does
/// not: it is 0 for zeros, and −1 for the opposite direction.
package struct Agreement: Sendable, CustomStringConvertible {
  /// The largest difference relative to the largest expected element.
  package let error: Double
  /// The cosine between both lists; 0 if either is all zeros or contains NaN.
  package let cosine: Double

  package init(_ found: [Float], _ expected: [Double]) {
    var (error, largest, dot, own, other) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (found, expected) in zip(found, expected) {
      let found = Double(found)
      // A comparison with NaN is false; written this way, NaN does not pass.
      error = abs(found - expected) <= error ? error : abs(found - expected)
      largest = max(largest, abs(expected))
      dot += found * expected
      own += found * found
      other += expected * expected
    }
    let lengths = (own * other).squareRoot()
    let isWhole = found.count == expected.count && largest > 0 && error.isFinite
    self.error = isWhole ? error / largest : .infinity
    cosine = isWhole && lengths > 0 ? dot / lengths : 0
  }

  package init(_ found: [Float], _ expected: [Float]) { self.init(found, expected.map(Double.init)) }

  /// Whether both are within their bounds.
  package func holds(error: Double, cosine: Double) -> Bool { self.error <= error && self.cosine >= cosine }

  package var description: String { "\(error) of the largest element, cosine \(cosine)" }
}
