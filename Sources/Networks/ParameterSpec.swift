/// One named array of a network with all that anyone has to know of it: nothing is guessed from a name or a rank.
package struct ParameterSpec: Sendable, Equatable {
  package enum Role: Sendable, Equatable {
    /// Moved by the optimizer.
    case weight
    /// The logarithm of the factor that a contrastive loss multiplies cosines by; moved by the optimizer, and may be
    /// limited.
    case logitScale
    /// Moved by forward passes in training, read by frozen ones.
    case statistic
    /// Training steps done: a whole number in files, no array in memory.
    case stepCount
  }

  /// What the array holds before training. Random values are a function of seed and name alone.
  package enum Initial: Sendable, Equatable {
    case constant(Float)
    case normal(mean: Double, deviation: Double)
    /// He et al. 2015 over fan-out: N(0, 2 / fanOut).
    case kaimingNormal(fanOut: Int)
    /// PyTorch's default for linear layers: uniform in ±1/√fanIn.
    case uniform(fanIn: Int)
  }

  /// As files spell it.
  package var name: String
  package var shape: [Int]
  package var initial: Initial
  /// Whether weight decay shrinks it: matrices and convolution kernels, not norms, biases, logit scales.
  package var decays: Bool
  package var role: Role

  package init(
    _ name: String, _ shape: [Int], initial: Initial, decays: Bool = false, role: Role = .weight
  ) {
    (self.name, self.shape, self.initial, self.decays, self.role) = (name, shape, initial, decays, role)
  }

  package var count: Int { shape.reduce(1, *) }

  /// A logit scale as CLIP begins with it: ln(1 / 0.07).
  package static func logitScale(_ name: String) -> ParameterSpec {
    ParameterSpec(name, [], initial: .constant(2.6592600369327779), role: .logitScale)
  }
}
