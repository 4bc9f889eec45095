import Kernels

/// Embeddings of length one in memory, for cosine similarities.
///
/// The rows are padded with rows of zeros to a full block and beyond, so that every product of a block has the same
/// shape, and equal embeddings have equal similarities at any position.
package final class UnitRows: Sendable {
  /// Rows of one block of a product.
  static let block = 4096
  /// The maximum number of query rows in one product.
  static let mostQueries = 256

  package let count: Int
  package let width: Int
  let values: FloatBuffer

  /// - Parameter rows: `[count, width]`, of any length; rows of zeros stay zeros.
  package init(_ rows: [Float], width: Int) {
    self.width = max(1, width)
    count = rows.count / self.width
    let blocks = (count + Self.block - 1) / Self.block
    values = FloatBuffer((blocks * Self.block + Self.mostQueries) * self.width)
    for row in 0..<count {
      let start = row * self.width
      var sum = 0.0
      for i in start..<start + self.width { sum += Double(rows[i]) * Double(rows[i]) }
      let length = max(sum.squareRoot(), 1e-12)
      for i in start..<start + self.width { values.start[i] = Float(Double(rows[i]) / length) }
    }
  }
}

extension UnitRows {
  /// The mean cosine of all pairs of different rows; nil for fewer than two rows.
  package var meanCosine: Double? {
    guard count > 1 else { return nil }
    var sums = [Double](repeating: 0, count: width)
    var lengths = 0.0
    for row in 0..<count {
      for i in 0..<width {
        let value = Double(values.start[row * width + i])
        sums[i] += value
        lengths += value * value
      }
    }
    return (sums.reduce(0) { $0 + $1 * $1 } - lengths) / Double(count * (count - 1))
  }

  /// The values of some rows, `[indices, width]`.
  package func rows(_ indices: [Int]) -> [Float] {
    indices.flatMap { index in (0..<width).map { values.start[index * width + $0] } }
  }
}
