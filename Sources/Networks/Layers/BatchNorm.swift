import Kernels

/// Batch normalization in training over a batch that is divided into microbatches. A `Reduction` combines their
/// statistics and gradients, so that the bits depend on the division but not on threads.
final class BatchNorm: @unchecked Sendable {
  /// Added to every variance.
  static let epsilon = 1e-5
  private static let momentum = 0.1

  /// relu(norm(y)), applied by the next layer while it reads its input. Valid after `finishStatistics`.
  var prologue: Prologue { Prologue(scale: scale.start, shift: shift.start) }
  let scale: FloatBuffer
  let shift: FloatBuffer
  let mean: FloatBuffer

  private let channels: Int
  /// A row for each microbatch: the number of values per channel, then two doubles per channel. Forward: mean and m2,
  /// which is Σ (y − mean)²; backward: Σ g and Σ g · (y − mean).
  private let rows: PartRows
  private let coefficients: FloatBuffer
  private var inverseDeviation: [Double]
  private let (weight, bias): (MutableFloats, MutableFloats)
  private let (runningMean, runningVariance): (MutableFloats, MutableFloats)
  private let (weightGradient, biasGradient): (MutableFloats, MutableFloats)
  private let count: Double
  /// This process's first microbatch in the batch.
  private let firstPart: Int

  /// - Parameter counts: the number of values per channel in each microbatch of the whole batch.
  init(_ prefix: String, channels: Int, counts: [Int], _ context: TrainingContext) {
    self.channels = channels
    firstPart = context.microbatches.share.lowerBound
    (scale, shift, mean) = (FloatBuffer(channels), FloatBuffer(channels), FloatBuffer(channels))
    rows = PartRows(parts: counts.count, width: 1 + 2 * channels)
    for (part, count) in counts.enumerated() { rows[part][0] = Double(count) }
    count = Double(counts.reduce(0, +))
    coefficients = FloatBuffer(channels * 3)
    inverseDeviation = [Double](repeating: 0, count: channels)
    let parameters = context.parameters
    (weight, bias) = (parameters.weights("\(prefix).weight"), parameters.weights("\(prefix).bias"))
    runningMean = parameters.statistics("\(prefix).running_mean")
    runningVariance = parameters.statistics("\(prefix).running_var")
    (weightGradient, biasGradient) = (context.gradient("\(prefix).weight"), context.gradient("\(prefix).bias"))
  }

  static func parameters(_ prefix: String, channels: Int) -> [ParameterSpec] {
    [
      ParameterSpec("\(prefix).weight", [channels], initial: .normal(mean: 1, deviation: 0.02)),
      ParameterSpec("\(prefix).bias", [channels], initial: .constant(0)),
      ParameterSpec("\(prefix).running_mean", [channels], initial: .constant(0), role: .statistic),
      ParameterSpec("\(prefix).running_var", [channels], initial: .constant(1), role: .statistic),
      ParameterSpec("\(prefix).num_batches_tracked", [], initial: .constant(0), role: .stepCount),
    ]
  }

  /// Writes the signs of the norm's scales by channel: −1 where the norm reverses the order of values, else 1.
  func writeSigns(to place: MutableFloats) { for c in 0..<channels { place[c] = weight[c] < 0 ? -1 : 1 } }

  /// The place of one microbatch's sums.
  func sums(_ part: Int) -> (Sums, Sums) {
    let start = rows[firstPart + part] + 1
    return (start, start + channels)
  }

  /// Combines the statistics of the whole batch and updates the running statistics.
  func finishStatistics(_ reduction: any Reduction) throws {
    try reduction.fold(rows) { total, row in mergeMoments(total, row, channels: channels) }
    let (means, m2) = (rows.total + 1, rows.total + 1 + channels)
    for c in 0..<channels {
      let inverse = 1 / (m2[c] / count + Self.epsilon).squareRoot()
      inverseDeviation[c] = inverse
      mean.start[c] = Float(means[c])
      scale.start[c] = Float(Double(weight[c]) * inverse)
      shift.start[c] = Float(Double(bias[c]) - means[c] * Double(weight[c]) * inverse)
      let unbiased = m2[c] / max(1, count - 1)
      runningMean[c] = Float(Double(runningMean[c]) * (1 - Self.momentum) + means[c] * Self.momentum)
      runningVariance[c] = Float(Double(runningVariance[c]) * (1 - Self.momentum) + unbiased * Self.momentum)
    }
  }

  /// Combines the gradients of scale and bias in the backward pass, and computes the coefficients `a`, `b` and `c`.
  func finishGradient(_ reduction: any Reduction) throws {
    try reduction.fold(rows) { total, row in for i in 1...2 * channels { total[i] += row[i] } }
    let (sums, products) = (rows.total + 1, rows.total + 1 + channels)
    for c in 0..<channels {
      let inverse = inverseDeviation[c]
      weightGradient[c] = Float(products[c] * inverse)
      biasGradient[c] = Float(sums[c])
      let factor = Double(weight[c]) * inverse
      let slope = inverse * inverse * products[c] / count
      a[c] = Float(factor)
      b[c] = Float(-factor * slope)
      self.c[c] = Float(factor * (slope * Double(mean.start[c]) - sums[c] / count))
    }
  }

  /// The gradient of y is gradient · a + y · b + c.
  var a: MutableFloats { coefficients.start }
  var b: MutableFloats { coefficients.start + channels }
  var c: MutableFloats { coefficients.start + 2 * channels }
}

/// Merges a row of count, means and m2 into a total.
private func mergeMoments(_ total: UnsafeMutablePointer<Double>, _ row: UnsafePointer<Double>, channels: Int) {
  for c in 1...channels {
    Moments.merge(&total[c], &total[c + channels], count: total[0], row[c], row[c + channels], count: row[0])
  }
  total[0] += row[0]
}

/// A batch norm with frozen statistics, as a scale and a shift by channel.
package final class FrozenNorm: Sendable {
  let scale: FloatBuffer
  let shift: FloatBuffer

  init(_ prefix: String, channels: Int, _ parameters: Parameters) {
    let (weight, bias) = (parameters.weights("\(prefix).weight"), parameters.weights("\(prefix).bias"))
    let (mean, variance) = (
      parameters.statistics("\(prefix).running_mean"), parameters.statistics("\(prefix).running_var")
    )
    (scale, shift) = (FloatBuffer(channels), FloatBuffer(channels))
    for c in 0..<channels {
      let factor = Double(weight[c]) / (Double(variance[c]) + BatchNorm.epsilon).squareRoot()
      scale.start[c] = Float(factor)
      shift.start[c] = Float(Double(bias[c]) - Double(mean[c]) * factor)
    }
  }
}
