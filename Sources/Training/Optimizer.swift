import Basics
import Kernels
import Networks

/// Settings of the optimizer besides the learning rate and its schedule. All off by default, as in the reference.
package struct OptimizerSettings: Codable, Sendable, Equatable {
  /// AdamW's decoupled weight decay (Loshchilov, Hutter 2019) of matrices and convolution kernels, but not of norms,
  /// biases and logit scales.
  package var weightDecay = 0.0
  /// Gradient clipping: a gradient with a larger norm is scaled to this norm; nil: no clipping.
  package var gradientLimit: Double?
  /// Warm-up: the number of steps over which the learning rate grows linearly to its full value.
  package var warmUpSteps = 0
  /// Decay of the exponential moving average of the weights, which is kept in addition to them; nil: no average.
  package var averageDecay: Double?
  /// The upper limit of the logit scales' factors: 100 in CLIP, none in the reference.
  package var temperatureLimit: Double?

  package init() {}
}

/// Updates a learner's weights with Adam and the additions of `OptimizerSettings`.
final class Optimizer: @unchecked Sendable {
  private let settings: OptimizerSettings
  private let learner: Learner
  private let ops: any Ops
  private let threads: WorkerThreads
  private let profile: Profile?
  private let row: Int?

  init(
    _ settings: OptimizerSettings, _ learner: Learner, ops: any Ops, threads: WorkerThreads,
    profile: Profile?
  ) {
    self.settings = settings
    self.learner = learner
    self.ops = ops
    self.threads = threads
    self.profile = profile
    row = profile?.row("all", "Adam", slots: threads.count)
  }

  /// The norm of the whole gradient, summed array by array.
  func norm(_ gradients: FloatBuffer) -> Double {
    let slots = learner.parameters.layout.trainable
    let sums = DoubleBuffer(slots.count)
    threads.forEach(slots.count) { index, _ in
      let slot = slots[index]
      let (mean, squares) = self.ops.moments(slot.count, gradients.start + slot.offset)
      sums.start[index] = squares + mean * mean * Double(slot.count)
    }
    return (0..<slots.count).reduce(0) { $0 + sums.start[$1] }.squareRoot()
  }

  /// - Parameters:
  ///   - norm: the gradient norm.
  ///   - rate: the learning rate of the schedule; the warm-up is applied here.
  ///   - number: the step's number, starting at 1.
  func step(_ gradients: FloatBuffer, norm: Double, rate: Double, number: Int) {
    let rate = rate * min(1, Double(number) / Double(max(1, settings.warmUpSteps)))
    shorten(gradients, norm)
    decay(rate)
    let (piece, count) = (262_144, gradients.count)
    let step = AdamStep(rate: rate, number: number)
    threads.forEach((count + piece - 1) / piece) { item, thread in
      let at = item * piece
      self.profile.measure(self.row, slot: thread) {
        self.ops.adam(
          min(piece, count - at), parameter: self.learner.parameters.trainable.start + at,
          gradient: gradients.start + at, m: self.learner.m.start + at, v: self.learner.v.start + at,
          step: step)
      }
    }
    limitLogitScales()
    average()
  }

  private func shorten(_ gradients: FloatBuffer, _ norm: Double) {
    guard let limit = settings.gradientLimit, norm > limit else { return }
    // PyTorch's clip_grad_norm_ has the same small term in its denominator.
    let factor = Float(limit / (norm + 1e-6))
    ops.normalize(gradients.count, gradients.start, mean: 0, factor: factor)
  }

  private func decay(_ rate: Double) {
    guard settings.weightDecay > 0 else { return }
    let (factor, weights) = (Float(1 - rate * settings.weightDecay), learner.parameters.trainable)
    let slots = learner.parameters.layout.trainable.filter(\.spec.decays)
    threads.forEach(slots.count) { index, _ in
      self.ops.normalize(slots[index].count, weights.start + slots[index].offset, mean: 0, factor: factor)
    }
  }

  private func limitLogitScales() {
    guard let limit = settings.temperatureLimit else { return }
    let most = Float(naturalLogarithm(limit))
    for slot in learner.parameters.layout.trainable where slot.spec.role == .logitScale {
      let place = learner.parameters.trainable.start + slot.offset
      place.pointee = min(place.pointee, most)
    }
  }

  private func average() {
    guard let decay = settings.averageDecay, let average = learner.average else { return }
    let share = Float(1 - decay)
    for (mean, now) in [
      (average.trainable, learner.parameters.trainable), (average.running, learner.parameters.running),
    ] {
      let (piece, count) = (262_144, mean.count)
      threads.forEach((count + piece - 1) / piece) { item, _ in
        for i in item * piece..<min(count, (item + 1) * piece) {
          mean.start[i] += share * (now.start[i] - mean.start[i])
        }
      }
    }
  }
}
