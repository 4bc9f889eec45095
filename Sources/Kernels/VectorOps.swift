import Basics
import CKernels

/// The kernels of CKernels.h for one instruction set. All instruction sets give the same bits.
package struct VectorOps: Ops {
  package let instructionSet: InstructionSet
  private let table: kernels_table
  private let rowTable: kernels_row_table
  private let gradientTable: kernels_row_gradient_table

  package init(_ instructionSet: InstructionSet = .best) {
    self.instructionSet = min(instructionSet, .best)
    table = kernels_for(self.instructionSet.rawValue).pointee
    rowTable = kernels_rows_for(self.instructionSet.rawValue).pointee
    gradientTable = kernels_row_gradients_for(self.instructionSet.rawValue).pointee
  }

  private func raw(_ e: Extent) -> kernels_extent {
    kernels_extent(images: Int32(e.images), channels: Int32(e.channels), pixels: Int32(e.pixels), block: Int32(e.block))
  }

  package func channelMoments(_ extent: Extent, _ x: Floats, mean: Sums, m2: Sums) {
    table.channel_moments(raw(extent), x, mean, m2)
  }

  package func scaleShift(_ extent: Extent, _ x: Floats, _ norm: Normalization, _ y: MutableFloats) {
    table.scale_shift(
      raw(extent), x, norm.scale, norm.shift, norm.residual, norm.residualPrologue?.scale, norm.residualPrologue?.shift,
      norm.residualRelu ? 1 : 0, norm.relu ? 1 : 0, y)
  }

  package func gradientMoments(
    _ extent: Extent, gradient: MutableFloats, activation: Floats?, _ x: Floats, mean: Floats, sums: Sums,
    products: Sums
  ) {
    table.gradient_moments(raw(extent), gradient, activation, x, mean, sums, products)
  }

  package func combine(
    _ extent: Extent, gradient: Floats, _ x: Floats, a: Floats, b: Floats, c: Floats, _ y: MutableFloats
  ) {
    table.combine(raw(extent), gradient, x, a, b, c, y)
  }

  package func poolMean(_ extent: Extent, _ x: Floats, _ result: MutableFloats) {
    table.pool_mean(raw(extent), x, result)
  }

  package func poolMeanBackward(_ extent: Extent, gradient: Floats, _ result: MutableFloats) {
    table.pool_mean_backward(raw(extent), gradient, result)
  }

  package func add(_ count: Int, _ x: MutableFloats, _ y: Floats) { table.add(Int64(count), x, y) }

  package func adam(
    _ count: Int, parameter: MutableFloats, gradient: Floats, m: MutableFloats, v: MutableFloats, step: AdamStep
  ) {
    table.adam(
      Int64(count), parameter, gradient, m, v, step.beta1, step.beta2, step.stepSize, step.correction,
      step.epsilon)
  }

  package func logSpectrogram(_ samples: Int, _ waveform: Floats, padded: MutableFloats, _ result: MutableFloats) {
    table.log_spectrogram(Int32(samples), waveform, padded, result)
  }

  package func moments(_ count: Int, _ x: Floats) -> (mean: Double, m2: Double) {
    var (mean, m2) = (0.0, 0.0)
    table.moments(Int64(count), x, &mean, &m2)
    return (mean, m2)
  }

  /// Operations per second of one thread on registers only, measured for about 50 ms. Varies from run to run.
  package func measuredPeak() -> Double {
    let clock = ContinuousClock()
    var best = 0.0
    for _ in 0..<5 {
      var operations = 0.0
      let time = clock.measure { operations = table.peak(400_000, 0.5) }
      best = max(best, operations / (Double(time.components.attoseconds) * 1e-18 + Double(time.components.seconds)))
    }
    return best
  }

  package func normalize(_ count: Int, _ x: MutableFloats, mean: Float, factor: Float) {
    table.normalize(Int64(count), x, mean, factor)
  }

  package func layerNorm(
    rows: Int, width: Int, _ x: Floats, scale: Floats, shift: Floats, epsilon: Float, _ y: MutableFloats,
    moments: MutableFloats?
  ) {
    rowTable.layer_norm(Int64(rows), Int32(width), x, scale, shift, epsilon, y, moments)
  }

  package func softmax(rows: Int, width: Int, causal: Bool, _ x: MutableFloats) {
    rowTable.softmax(Int32(rows), Int32(width), causal ? 1 : 0, x)
  }

  package func gelu(_ kind: GELUKind, _ count: Int, _ x: Floats, _ y: MutableFloats) {
    rowTable.gelu(Int64(count), kind == .quick ? 1 : 0, x, y)
  }

  package func geluGradient(_ kind: GELUKind, _ count: Int, gradient: Floats, _ x: MutableFloats) {
    rowTable.gelu_gradient(Int64(count), kind == .quick ? 1 : 0, gradient, x)
  }

  package func attend(
    heads: Int, width: Int, query: Floats, keys: [Floats], values: [Floats], scale: Float, scores: MutableFloats,
    _ y: MutableFloats
  ) {
    // In C, the pointers may be null.
    keys.map(Optional.some).withUnsafeBufferPointer { keys in
      values.map(Optional.some).withUnsafeBufferPointer { values in
        guard let k = keys.baseAddress, let v = values.baseAddress else { return }
        rowTable.attend(Int32(heads), Int32(width), Int32(keys.count), query, k, v, scale, scores, y)
      }
    }
  }

  package func columnSums(rows: Int, width: Int, _ x: Floats, _ sums: MutableFloats) {
    gradientTable.column_sums(Int64(rows), Int32(width), x, sums)
  }

  package func layerNormGradient(
    rows: Int, width: Int, gradient: Floats, scale: Floats, moments: Floats, _ x: MutableFloats,
    scales: MutableFloats, shifts: MutableFloats
  ) {
    gradientTable.layer_norm_gradient(Int64(rows), Int32(width), gradient, scale, moments, x, scales, shifts)
  }

  package func softmaxGradient(rows: Int, width: Int, shares: Floats, _ slopes: MutableFloats) {
    gradientTable.softmax_gradient(Int64(rows), Int32(width), shares, slopes)
  }

  package func dropout(_ count: Int, key: UInt64, rate: Float, _ x: Floats, _ y: MutableFloats) {
    gradientTable.dropout(Int64(count), key, rate, x, y)
  }

  package func crossEntropy(
    rows: Int, width: Int, targets: UnsafePointer<Int32>, smoothing: Float, factor: Float?, _ x: MutableFloats
  ) -> Double {
    gradientTable.cross_entropy(
      Int64(rows), Int32(width), targets, smoothing, factor ?? 0, factor == nil ? 0 : 1, x)
  }
}
