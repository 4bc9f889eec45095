import Basics
import Kernels

/// Symmetric InfoNCE with a learned logit scale: the mean of row-wise and column-wise cross-entropy of
/// exp(s) · normalize(A) · normalize(B)ᵀ with the diagonal as target (Radford et al. 2021; the reference's CLIPLoss1D).
package enum ContrastiveLoss {
  package struct Result {
    package var loss: Double
    /// `[rows, width]` each.
    package var first: FloatBuffer
    package var second: FloatBuffer
    package var logitScale: Double
  }

  /// - Parameters:
  ///   - a, b: `[rows, width]`; row i of one belongs to row i of the other.
  ///   - scale: s, the logarithm of the factor.
  ///   - gradients: whether to compute first, second and logitScale (else they are empty and 0).
  package static func evaluate(_ a: FloatBuffer, _ b: FloatBuffer, rows: Int, width: Int, scale: Float, gradients: Bool)
    -> Result
  {
    let (x, xLengths) = normalized(a, rows, width)
    let (y, yLengths) = normalized(b, rows, width)
    let factor = Float(exponential(Double(scale)))
    let logits = FloatBuffer(rows * rows)
    Matrix.multiply(x.start, y.start, bTransposed: true, into: logits.start, m: rows, n: rows, k: width, alpha: factor)
    let (loss, slope) = crossEntropy(logits, rows)
    guard gradients else { return Result(loss: loss, first: FloatBuffer(0), second: FloatBuffer(0), logitScale: 0) }
    var logitScale = 0.0
    for i in 0..<rows * rows { logitScale += Double(slope.start[i]) * Double(logits.start[i]) }
    let (dx, dy) = (FloatBuffer(rows * width), FloatBuffer(rows * width))
    Matrix.multiply(slope.start, y.start, into: dx.start, m: rows, n: width, k: rows, alpha: factor)
    Matrix.multiply(slope.start, aTransposed: true, x.start, into: dy.start, m: rows, n: width, k: rows, alpha: factor)
    project(dx, onto: x, xLengths, rows, width)
    project(dy, onto: y, yLengths, rows, width)
    return Result(loss: loss, first: dx, second: dy, logitScale: logitScale)
  }

  /// Rows of unit length, and the original lengths (at least 1e−12, as in PyTorch).
  private static func normalized(_ a: FloatBuffer, _ rows: Int, _ width: Int) -> (FloatBuffer, [Double]) {
    let result = FloatBuffer(rows * width)
    var lengths: [Double] = []
    for row in 0..<rows {
      let source = a.start + row * width
      var sum = 0.0
      for i in 0..<width { sum += Double(source[i]) * Double(source[i]) }
      let length = max(sum.squareRoot(), 1e-12)
      lengths.append(length)
      for i in 0..<width { result.start[row * width + i] = Float(Double(source[i]) / length) }
    }
    return (result, lengths)
  }

  /// The loss, and its gradient with respect to the logits.
  private static func crossEntropy(_ logits: FloatBuffer, _ rows: Int) -> (Double, FloatBuffer) {
    let slope = FloatBuffer(rows * rows)
    var loss = 0.0
    let share = 1 / Double(2 * rows)
    for (step, jump) in [(1, rows), (rows, 1)] {
      for line in 0..<rows {
        let start = line * jump
        var largest = -Float.infinity
        for i in 0..<rows { largest = max(largest, logits.start[start + i * step]) }
        var sum = 0.0
        for i in 0..<rows { sum += exponential(Double(logits.start[start + i * step] - largest)) }
        loss += (naturalLogarithm(sum) - Double(logits.start[start + line * step] - largest)) * share
        for i in 0..<rows {
          let probability = exponential(Double(logits.start[start + i * step] - largest)) / sum
          slope.start[start + i * step] += Float((probability - (i == line ? 1 : 0)) * share)
        }
      }
    }
    return (loss, slope)
  }

  /// The gradient with respect to the unnormalized rows: (d − u (u · d)) / length.
  private static func project(
    _ gradient: FloatBuffer, onto unit: FloatBuffer, _ lengths: [Double], _ rows: Int, _ width: Int
  ) {
    for row in 0..<rows {
      let (d, u) = (gradient.start + row * width, unit.start + row * width)
      var dot = 0.0
      for i in 0..<width { dot += Double(d[i]) * Double(u[i]) }
      for i in 0..<width { d[i] = Float((Double(d[i]) - Double(u[i]) * dot) / lengths[row]) }
    }
  }
}
