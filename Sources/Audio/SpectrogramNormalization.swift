import Kernels

/// The set of values over which the log spectrogram is normalized to zero mean and unit deviation.
package enum NormalizationScope: String, Sendable, Codable, CaseIterable {
  /// Each clip separately: an embedding does not depend on the other clips of the batch.
  case clip
  /// All clips of a batch together, as the reference does.
  case batch
}

/// The normalization of a log spectrogram to the encoder's input: (x − mean) · factor.
package struct SpectrogramNorm: Sendable, Equatable {
  package var mean: Float
  package var factor: Float

  /// For `count` values with this mean and Σ (x − mean)². The deviation is unbiased, with 1e-9 added, as in the
  /// reference.
  package init(count: Int, mean: Double, m2: Double) {
    let deviation = (m2 / Double(max(1, count - 1))).squareRoot()
    (self.mean, factor) = (Float(mean), Float(1 / (deviation + 1e-9)))
  }

  /// Normalizes `count` values in place.
  package func normalize(_ count: Int, _ spectrogram: MutableFloats, _ ops: any Ops) {
    ops.normalize(count, spectrogram, mean: mean, factor: factor)
  }
}

/// Mean and deviation of log spectrograms that are normalized together, collected piece by piece.
///
/// The bits depend only on the order in which pieces are added.
package struct SpectrogramMoments: Sendable {
  private var total = Moments()

  package init() {}

  /// Adds a spectrogram of `count` values with this mean and Σ (x − mean)².
  package mutating func add(count: Int, mean: Double, m2: Double) {
    total.merge(count: Double(count), mean: mean, m2: m2)
  }

  package var norm: SpectrogramNorm {
    SpectrogramNorm(count: Int(total.count), mean: total.mean, m2: total.m2)
  }
}
