/// Count, mean and sum of squared differences, merged in a fixed order (Chan, Golub, LeVeque 1979).
package struct Moments: Sendable {
  package private(set) var count = 0.0
  package private(set) var mean = 0.0
  package private(set) var m2 = 0.0

  package init() {}

  package mutating func merge(count other: Double, mean otherMean: Double, m2 otherM2: Double) {
    Self.merge(&mean, &m2, count: count, otherMean, otherM2, count: other)
    count += other
  }

  /// Merges the mean and m2 of `other` values into those of `count` values.
  @inline(__always)
  package static func merge(
    _ mean: inout Double, _ m2: inout Double, count: Double, _ otherMean: Double, _ otherM2: Double, count other: Double
  ) {
    let total = count + other
    let difference = otherMean - mean
    mean += difference * (other / total)
    m2 += otherM2 + difference * difference * (count * other / total)
  }
}
