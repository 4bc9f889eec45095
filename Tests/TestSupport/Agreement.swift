/// How far a list of numbers is from the one it should be, in size and in direction.
///
/// The largest difference alone lets a small gradient pass as zeros where the tolerance is wide; the cosine does not:
/// nothing has no direction, and what points the other way has −1.
package struct Agreement: Sendable, CustomStringConvertible {
  /// The largest difference as a share of the largest expected element.
  package let error: Double
  /// Between both lists; 0 where either is all zeros, or holds what is no number.
  package let cosine: Double

  package init(_ found: [Float], _ expected: [Double]) {
    var (error, largest, dot, own, other) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (found, expected) in zip(found, expected) {
      let found = Double(found)
      // A comparison with NaN is false, and NaN must not pass.
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
