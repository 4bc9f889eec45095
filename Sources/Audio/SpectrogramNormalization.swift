import Kernels

/// Over what the log spectrogram is normalized to zero mean and unit deviation.
package enum NormalizationScope: String, Sendable, Codable, CaseIterable {
  /// Each clip by itself: an embedding does not depend on the clip's batch mates.
  case clip
  /// All clips of a batch together, as the reference does.
  case batch
}

/// What turns a log spectrogram into the encoder's input: (x − mean) · factor.
package struct SpectrogramNorm: Sendable, Equatable {
  package var mean: Float
  package var factor: Float

  /// Of `count` values with this mean and Σ (x − mean)²: the deviation is unbiased and has 1e-9 added, as the reference
  /// has it.
  package init(count: Int, mean: Double, m2: Double) {
    let deviation = (m2 / Double(max(1, count - 1))).squareRoot()
    (self.mean, factor) = (Float(mean), Float(1 / (deviation + 1e-9)))
  }

  /// Normalizes `count` values where they lie.
  package func normalize(_ count: Int, _ spectrogram: MutableFloats, _ ops: any Ops) {
    ops.normalize(count, spectrogram, mean: mean, factor: factor)
  }
}

/// Mean and deviation of log spectrograms that are normalized together, gathered piece by piece.
///
/// The bits depend on the order in which pieces are added and on nothing else.
package struct SpectrogramMoments: Sendable {
  private var total = Moments()

  package init() {}

  /// One spectrogram of `count` values with this mean and Σ (x − mean)².
  package mutating func add(count: Int, mean: Double, m2: Double) {
    total.merge(count: Double(count), mean: mean, m2: m2)
  }

  package var norm: SpectrogramNorm {
    SpectrogramNorm(count: Int(total.count), mean: total.mean, m2: total.m2)
  }
}
