import Kernels

/// Count, mean and sum of squared differences, merged in a fixed order (Chan, Golub, LeVeque 1979).
struct Moments {
  var count = 0.0
  var mean = 0.0
  var squares = 0.0

  mutating func merge(count other: Double, mean otherMean: Double, squares otherSquares: Double) {
    let total = count + other
    let difference = otherMean - mean
    mean += difference * (other / total)
    squares += otherSquares + difference * difference * (count * other / total)
    count = total
  }
}
