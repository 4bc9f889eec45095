import Basics
import Kernels

/// The loss between class scores and labels, a mean over rows. Supervised networks and probes are trained with it.
package enum LabelLoss: String, Codable, Sendable {
  /// Cross-entropy of a softmax: one label per row.
  case softmax
  /// Binary cross-entropy of sigmoids, summed over classes: any number of labels per row.
  case sigmoid

  /// - Parameters:
  ///   - logits: `[rows, classes]`.
  ///   - targets: `[rows, classes]`, 0 or 1; with `softmax`, exactly one 1 per row.
  ///   - slope: receives the gradient with respect to the logits, `[rows, classes]`; nil: not computed.
  package func evaluate(
    _ logits: UnsafePointer<Float>, targets: UnsafePointer<Float>, rows: Int, classes: Int,
    slope: UnsafeMutablePointer<Float>? = nil
  ) -> Double {
    var loss = 0.0
    let share = 1 / Double(max(1, rows))
    for row in 0..<rows {
      let (x, t) = (logits + row * classes, targets + row * classes)
      let place = slope.map { $0 + row * classes }
      switch self {
      case .softmax:
        var largest = -Float.infinity
        for c in 0..<classes { largest = max(largest, x[c]) }
        var sum = 0.0
        for c in 0..<classes { sum += exponential(Double(x[c] - largest)) }
        let logSum = naturalLogarithm(sum)
        for c in 0..<classes {
          let logShare = Double(x[c] - largest) - logSum
          loss -= Double(t[c]) * logShare
          place?[c] = Float((exponential(logShare) - Double(t[c])) * share)
        }
      case .sigmoid:
        for c in 0..<classes {
          let z = Double(x[c])
          loss += max(z, 0) - z * Double(t[c]) + naturalLogarithm(onePlus: exponential(-abs(z)))
          place?[c] = Float((1 / (1 + exponential(-z)) - Double(t[c])) * share)
        }
      }
    }
    return loss * share
  }
}
