/// Count, mean and sum of squared differences, merged in a fixed order (Chan, Golub, LeVeque 1979).
package struct Moments: Sendable {
  package private(set) var count = 0.0
  package private(set) var mean = 0.0
  package private(set) var squares = 0.0

  package init() {}

  package mutating func merge(count other: Double, mean otherMean: Double, squares otherSquares: Double) {
    let total = count + other
    let difference = otherMean - mean
    mean += difference * (other / total)
    squares += otherSquares + difference * difference * (count * other / total)
    count = total
  }
}
