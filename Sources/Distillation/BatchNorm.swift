import Kernels

/// Batch normalisation in training over a batch that is cut into microbatches: statistics and gradients of each meet in
/// microbatch order, so the bits depend on the cut and not on threads.
final class BatchNorm: @unchecked Sendable {
  /// relu(norm(y)) on the next layer's input as it is read. Holds after `finishStatistics`.
  var gate: InputGate { InputGate(scale: scale.start, shift: shift.start) }
  let scale: FloatBuffer
  let shift: FloatBuffer
  let mean: FloatBuffer

  private let name: String
  private let channels: Int
  /// Values by channel in each microbatch.
  private let counts: [Int]
  private let moments: DoubleBuffer
  private let coefficients: FloatBuffer
  private var inverseDeviation: [Double]

  private static let momentum = 0.1

  /// - Parameter name: of its parameters.
  init(_ name: String, channels: Int, counts: [Int]) {
    self.name = name
    self.channels = channels
    self.counts = counts
    scale = FloatBuffer(channels)
    shift = FloatBuffer(channels)
    mean = FloatBuffer(channels)
    moments = DoubleBuffer(counts.count * channels * 2)
    coefficients = FloatBuffer(channels * 3)
    inverseDeviation = [Double](repeating: 0, count: channels)
  }

  /// Where one microbatch's sums go: on the way forward mean and squares, on the way back Σ g and Σ g · (y − mean).
  func moments(_ part: Int) -> (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) {
    let start = moments.start + part * channels * 2
    return (start, start + channels)
  }

  /// The meeting point: statistics of the whole batch, and what they do to the running ones.
  func finishStatistics(_ parameters: Parameters) {
    let (weight, bias) = (parameters.weights("\(name).weight"), parameters.weights("\(name).bias"))
    let (runningMean, runningVariance) = (
      parameters.statistics("\(name).running_mean"), parameters.statistics("\(name).running_var")
    )
    for c in 0..<channels {
      var total = Moments()
      for (part, count) in counts.enumerated() {
        let (mean, squares) = moments(part)
        total.merge(count: Double(count), mean: mean[c], squares: squares[c])
      }
      let inverse = 1 / (total.squares / total.count + ConvolutionLayer.epsilon).squareRoot()
      inverseDeviation[c] = inverse
      mean.start[c] = Float(total.mean)
      scale.start[c] = Float(Double(weight[c]) * inverse)
      shift.start[c] = Float(Double(bias[c]) - total.mean * Double(weight[c]) * inverse)
      let unbiased = total.squares / max(1, total.count - 1)
      runningMean[c] = Float(Double(runningMean[c]) * (1 - Self.momentum) + total.mean * Self.momentum)
      runningVariance[c] = Float(Double(runningVariance[c]) * (1 - Self.momentum) + unbiased * Self.momentum)
    }
  }

  /// The meeting point on the way back: gradients of scale and bias, and the coefficients for `through`.
  func finishGradient(_ parameters: Parameters, into gradients: FloatBuffer) {
    let weight = parameters.weights("\(name).weight")
    let layout = parameters.layout
    let (dWeight, dBias) = (
      gradients.start + layout.slot("\(name).weight").offset, gradients.start + layout.slot("\(name).bias").offset
    )
    let count = Double(counts.reduce(0, +))
    for c in 0..<channels {
      var (sum, product) = (0.0, 0.0)
      for part in counts.indices {
        let (sums, products) = moments(part)
        sum += sums[c]
        product += products[c]
      }
      let inverse = inverseDeviation[c]
      dWeight[c] = Float(product * inverse)
      dBias[c] = Float(sum)
      let factor = Double(weight[c]) * inverse
      let slope = inverse * inverse * product / count
      a[c] = Float(factor)
      b[c] = Float(-factor * slope)
      self.c[c] = Float(factor * (slope * Double(mean.start[c]) - sum / count))
    }
  }

  /// The gradient of y is gradient · a + y · b + c.
  var a: UnsafeMutablePointer<Float> { coefficients.start }
  var b: UnsafeMutablePointer<Float> { coefficients.start + channels }
  var c: UnsafeMutablePointer<Float> { coefficients.start + 2 * channels }
}
