package typealias Floats = UnsafePointer<Float>
package typealias MutableFloats = UnsafeMutablePointer<Float>
package typealias Sums = UnsafeMutablePointer<Double>

/// A network's operations other than convolutions. There is a fast implementation (`VectorOps`) and a plain one
/// (`PlainOps`).
///
/// Every function runs on the calling thread, and its result depends only on its arguments, bit for bit. Pointers to
/// activations cover `extent`; pointers to statistics and coefficients cover its channels. Definitions: CKernels.h.
package protocol Ops: Sendable {
  /// mean[c] and Σ (x − mean)² over images and pixels.
  func channelMoments(_ extent: Extent, _ x: Floats, mean: Sums, m2: Sums)

  /// y = relu?(x · scale + shift + residual), as `norm` says; y may be x.
  func scaleShift(_ extent: Extent, _ x: Floats, _ norm: Normalization, _ y: MutableFloats)

  /// gradient ·= (activation > 0); sums = Σ gradient, products = Σ gradient · (x − mean), by channel.
  func gradientMoments(
    _ extent: Extent, gradient: MutableFloats, activation: Floats?, _ x: Floats, mean: Floats, sums: Sums,
    products: Sums)

  /// y = gradient · a + x · b + c, by channel; y may be x.
  func combine(_ extent: Extent, gradient: Floats, _ x: Floats, a: Floats, b: Floats, c: Floats, _ y: MutableFloats)

  /// [images, channels] means over pixels.
  func poolMean(_ extent: Extent, _ x: Floats, _ result: MutableFloats)
  /// result = gradient / pixels where result is above zero, else 0.
  func poolMeanBackward(_ extent: Extent, gradient: Floats, _ result: MutableFloats)

  /// x += y.
  func add(_ count: Int, _ x: MutableFloats, _ y: Floats)

  /// One step of Adam over `count` parameters.
  func adam(
    _ count: Int, parameter: MutableFloats, gradient: Floats, m: MutableFloats, v: MutableFloats, step: AdamStep)

  /// ln(|STFT|² + 1e−7), `[257, 1 + samples / 353]`; `samples` > 256.
  func logSpectrogram(_ samples: Int, _ waveform: Floats, padded: MutableFloats, _ result: MutableFloats)

  /// Mean and Σ (x − mean)² of `count` values.
  func moments(_ count: Int, _ x: Floats) -> (mean: Double, m2: Double)

  /// x = (x − mean) · factor.
  func normalize(_ count: Int, _ x: MutableFloats, mean: Float, factor: Float)

  /// y = (x − mean) / √(variance + epsilon) · scale + shift over each of `[rows, width]`.
  /// - Parameter moments: `[rows, 2]` of mean and 1 / √(variance + epsilon); nil: not stored.
  func layerNorm(
    rows: Int, width: Int, _ x: Floats, scale: Floats, shift: Floats, epsilon: Float, _ y: MutableFloats,
    moments: MutableFloats?)

  /// Replaces each row of `[rows, width]` by eˣ / Σ eˣ. Causal: row r uses its first r + 1 values, the others become
  /// zero.
  func softmax(rows: Int, width: Int, causal: Bool, _ x: MutableFloats)

  /// y = x · Φ(x), or its quick approximation; y may be x.
  func gelu(_ kind: GELUKind, _ count: Int, _ x: Floats, _ y: MutableFloats)

  /// Replaces x by gradient times the derivative at x.
  func geluGradient(_ kind: GELUKind, _ count: Int, gradient: Floats, _ x: MutableFloats)

  /// Attention of one query row to rows of keys and values, with `heads` heads of `width` columns each.
  /// - Parameter scores: scratch of one float per key.
  func attend(
    heads: Int, width: Int, query: Floats, keys: [Floats], values: [Floats], scale: Float, scores: MutableFloats,
    _ y: MutableFloats)

  /// The column sums, `[width]`, of `[rows, width]`, computed in double precision in the order of the rows.
  func columnSums(rows: Int, width: Int, _ x: Floats, _ sums: MutableFloats)

  /// Replaces x, the input of `layerNorm`, by its gradient.
  /// - Parameters:
  ///   - moments: written by `layerNorm`.
  ///   - scales, shifts: receive the gradients of scale and shift, `[width]` each.
  func layerNormGradient(
    rows: Int, width: Int, gradient: Floats, scale: Floats, moments: Floats, _ x: MutableFloats,
    scales: MutableFloats, shifts: MutableFloats)

  /// Replaces slopes, the gradient of the output shares of `softmax`, `[rows, width]`, by the gradient of its input.
  func softmaxGradient(rows: Int, width: Int, shares: Floats, _ slopes: MutableFloats)

  /// y = x / (1 − rate), but 0 where `DropoutHash` drops the value; y may be x.
  func dropout(_ count: Int, key: UInt64, rate: Float, _ x: Floats, _ y: MutableFloats)

  /// The sum over rows of the cross-entropy of softmax(x), against target probabilities of smoothing / width everywhere
  /// plus 1 − smoothing at the row's target.
  /// - Parameters:
  ///   - x: `[rows, width]`; its values may be overwritten.
  ///   - factor: x is replaced by this times the sum's gradient; nil: no gradient is computed.
  func crossEntropy(
    rows: Int, width: Int, targets: UnsafePointer<Int32>, smoothing: Float, factor: Float?, _ x: MutableFloats
  ) -> Double
}

/// Decides which values dropout keeps. The decision depends only on a key and the value's place, and is the same on
/// every CPU, so that nothing has to be stored between the forward and the backward pass.
package enum DropoutHash {
  package static func keeps(_ place: Int, key: UInt64, rate: Float) -> Bool {
    // Wellons' lowbias32, with both halves of the key mixed in.
    var h = UInt32(truncatingIfNeeded: place) &* 0x9e37_79b9 &+ UInt32(truncatingIfNeeded: key)
    h ^= h >> 16
    h = h &* 0x7feb_352d
    h ^= h >> 15
    h = (h &+ UInt32(key >> 32)) &* 0x846c_a68b
    h ^= h >> 16
    return Int32(h >> 8) >= Int32(rate * 0x1p24)
  }
}

/// The function that a Transformer calls GELU. The weights do not show which one: with the wrong one, embeddings are
/// wrong.
package enum GELUKind: String, Sendable, Codable, CaseIterable {
  /// x · Φ(x) with the error function.
  case exact = "gelu"
  /// x / (1 + e^(−1.702 x)), with which OpenAI's weights were trained.
  case quick = "quick-gelu"
}

/// The scalars of one step of Adam (Kingma, Ba 2015), in PyTorch's form.
package struct AdamStep: Sendable {
  package var beta1: Float = 0.9
  package var beta2: Float = 0.999
  package var epsilon: Float = 1e-8
  package var stepSize: Float
  package var correction: Float

  /// - Parameter number: the step's number, starting at 1.
  package init(rate: Double, number: Int) {
    stepSize = Float(rate / (1 - power(0.9, number)))
    correction = Float((1 - power(0.999, number)).squareRoot())
  }
}

/// base^exponent by repeated squaring: the same bits with any mathematics library.
func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, square, rest) = (1.0, base, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result *= square }
    square *= square
    rest >>= 1
  }
  return result
}
