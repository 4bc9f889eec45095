/// The complete description of one named array of a network: nothing is guessed from its name or rank.
package struct ParameterSpec: Sendable, Equatable {
  package enum Role: Sendable, Equatable {
    /// Updated by the optimizer.
    case weight
    /// The logarithm of the factor by which a contrastive loss multiplies cosines; updated by the optimizer, which may
    /// limit it.
    case logitScale
    /// Updated by forward passes in training, read in inference.
    case statistic
    /// The number of training steps: an integer in files, without an array in memory.
    case stepCount
  }

  /// The array's values before training. Random values depend only on the seed and the name.
  package enum Initial: Sendable, Equatable {
    case constant(Float)
    case normal(mean: Double, deviation: Double)
    /// He et al. 2015 with fan-out: N(0, 2 / fanOut).
    case kaimingNormal(fanOut: Int)
    /// PyTorch's default for linear layers: uniform in ±1/√fanIn.
    case uniform(fanIn: Int)
  }

  /// The name in files.
  package var name: String
  package var shape: [Int]
  package var initial: Initial
  /// Whether weight decay applies: to matrices and convolution kernels, not to norms, biases and logit scales.
  package var decays: Bool
  package var role: Role

  package init(
    _ name: String, _ shape: [Int], initial: Initial, decays: Bool = false, role: Role = .weight
  ) {
    (self.name, self.shape, self.initial, self.decays, self.role) = (name, shape, initial, decays, role)
  }

  package var count: Int { shape.reduce(1, *) }

  /// A logit scale with CLIP's initial value: ln(1 / 0.07).
  package static func logitScale(_ name: String) -> ParameterSpec {
    ParameterSpec(name, [], initial: .constant(2.6592600369327779), role: .logitScale)
  }
}
