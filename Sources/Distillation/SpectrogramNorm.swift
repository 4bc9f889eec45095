import Kernels

/// What turns a log spectrogram into the encoder's input: (x − mean) · factor.
package struct SpectrogramNorm: Sendable, Equatable {
  package var mean: Float
  package var factor: Float
}

/// Mean and deviation of log spectrograms that are normalised together, gathered piece by piece.
///
/// The bits depend on the order in which pieces are added and on nothing else.
package struct SpectrogramMoments: Sendable {
  private var total = Moments()

  package init() {}

  /// One spectrogram of `count` values with this mean and Σ (x − mean)².
  package mutating func add(count: Int, mean: Double, squares: Double) {
    total.merge(count: Double(count), mean: mean, squares: squares)
  }

  /// The deviation is unbiased and has 1e-9 added, as the reference has it.
  package var norm: SpectrogramNorm {
    let deviation = (total.squares / max(1, total.count - 1)).squareRoot()
    return SpectrogramNorm(mean: Float(total.mean), factor: Float(1 / (deviation + 1e-9)))
  }
}
