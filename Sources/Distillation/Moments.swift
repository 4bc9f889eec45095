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

/// Doubles at a fixed address, written range by range from several threads.
final class DoubleBuffer: @unchecked Sendable {
  let count: Int
  let start: UnsafeMutablePointer<Double>

  init(_ count: Int) {
    self.count = count
    start = .allocate(capacity: max(1, count))
    start.initialize(repeating: 0, count: max(1, count))
  }

  deinit { start.deallocate() }
}

/// Bytes at a fixed address, written range by range from several threads.
final class ByteBuffer: @unchecked Sendable {
  let start: UnsafeMutablePointer<UInt8>

  init(_ count: Int) {
    start = .allocate(capacity: max(1, count))
    start.initialize(repeating: 0, count: max(1, count))
  }

  deinit { start.deallocate() }
}
