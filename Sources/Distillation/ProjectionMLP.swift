import Basics
import Kernels

/// Linear → ReLU → dropout → linear, as the reference's `MLPLayers([512, 512, 512])`: names `sequential.0` and `.3`.
///
/// Runs on the calling thread over the whole batch: two matrix products of 512×512 are nothing beside the encoder.
package final class ProjectionMLP {
  private let name: String
  private let width: Int
  private var input = FloatBuffer(0)
  private var hidden = FloatBuffer(0)
  private var mask: [Float] = []

  package init(_ name: String, width: Int) {
    self.name = name
    self.width = width
  }

  /// - Parameters:
  ///   - x: `[rows, width]`.
  ///   - keep: nil for evaluation, else `[rows, width]` of 0 or 1 / (1 − rate), the dropout's factors.
  /// - Returns: `[rows, width]`.
  package func forward(_ x: FloatBuffer, rows: Int, keep: [Float]?, _ parameters: Parameters) -> FloatBuffer {
    input = x
    hidden = linear(x, rows, index: 0, parameters)
    for i in 0..<rows * width { hidden.start[i] = max(0, hidden.start[i]) }
    mask = keep ?? []
    if let keep { for i in 0..<rows * width { hidden.start[i] *= keep[i] } }
    return linear(hidden, rows, index: 3, parameters)
  }

  private func linear(_ x: FloatBuffer, _ rows: Int, index: Int, _ parameters: Parameters) -> FloatBuffer {
    let result = FloatBuffer(rows * width)
    let bias = parameters.weights("\(name).sequential.\(index).bias")
    for row in 0..<rows { (result.start + row * width).update(from: bias, count: width) }
    Matrix.multiply(
      x.start, parameters.weights("\(name).sequential.\(index).weight"), bTransposed: true, into: result.start, m: rows,
      n: width,
      k: width, beta: 1)
    return result
  }

  /// Puts the weights' gradients into `gradients` and returns that of the input, `[rows, width]`.
  package func backward(_ gradient: FloatBuffer, rows: Int, _ parameters: Parameters, into gradients: FloatBuffer)
    -> FloatBuffer
  {
    let inner = backward(gradient, rows, index: 3, x: hidden, parameters, gradients)
    for i in 0..<rows * width {
      // The mask's zero factors and the ReLU's both show as a zero activation.
      inner.start[i] = hidden.start[i] > 0 ? inner.start[i] * (mask.isEmpty ? 1 : mask[i]) : 0
    }
    return backward(inner, rows, index: 0, x: input, parameters, gradients)
  }

  private func backward(
    _ gradient: FloatBuffer, _ rows: Int, index: Int, x: FloatBuffer, _ parameters: Parameters, _ gradients: FloatBuffer
  ) -> FloatBuffer {
    let layout = parameters.layout
    let weight = layout.slot("\(name).sequential.\(index).weight")
    let bias = layout.slot("\(name).sequential.\(index).bias")
    Matrix.multiply(
      gradient.start, aTransposed: true, x.start, into: gradients.start + weight.offset, m: width, n: width, k: rows)
    for column in 0..<width {
      var sum = 0.0
      for row in 0..<rows { sum += Double(gradient.start[row * width + column]) }
      gradients.start[bias.offset + column] = Float(sum)
    }
    let result = FloatBuffer(rows * width)
    Matrix.multiply(
      gradient.start, parameters.trainable.start + weight.offset, into: result.start, m: rows, n: width, k: width)
    return result
  }
}

/// Dropout's factors: a function of seed, epoch, clip and place, never of batch order or thread.
package enum Dropout {
  package static let rate = 0.1

  package static func factors(seed: UInt64, purpose: String, epoch: Int, clips: [String], width: Int) -> [Float] {
    let kept = Float(1 / (1 - rate))
    var result: [Float] = []
    result.reserveCapacity(clips.count * width)
    for clip in clips {
      var random = SeededRandom(seed: seed, for: purpose + "\0" + clip, UInt64(epoch))
      for _ in 0..<width { result.append(random.uniform() < rate ? 0 : kept) }
    }
    return result
  }
}
