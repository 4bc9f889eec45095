import Glibc

/// The same operations in plain code and double precision, with which tests compare the fast kernels.
package struct PlainOps: Ops {
  package init() {}

  private func each(_ e: Extent, _ body: (_ channel: Int, _ offset: Int) -> Void) {
    for image in 0..<e.images {
      for channel in 0..<e.channels {
        for row in 0..<e.height { for column in 0..<e.width { body(channel, e.offset(image, channel, row, column)) } }
      }
    }
  }

  package func channelMoments(_ extent: Extent, _ x: Floats, mean: Sums, m2: Sums) {
    let count = Double(extent.images * extent.pixels)
    for c in 0..<extent.channels { (mean[c], m2[c]) = (0, 0) }
    each(extent) { c, i in mean[c] += Double(x[i]) / count }
    each(extent) { c, i in m2[c] += (Double(x[i]) - mean[c]) * (Double(x[i]) - mean[c]) }
  }

  package func scaleShift(_ extent: Extent, _ x: Floats, _ norm: Normalization, _ y: MutableFloats) {
    each(extent) { c, i in
      var value = Double(x[i]) * Double(norm.scale[c]) + Double(norm.shift[c])
      if let residual = norm.residual {
        let prologue = norm.residualPrologue
        let other = Double(residual[i]) * Double(prologue?.scale[c] ?? 1) + Double(prologue?.shift[c] ?? 0)
        value += norm.residualRelu ? max(0, other) : other
      }
      y[i] = Float(norm.relu ? max(0, value) : value)
    }
  }

  package func gradientMoments(
    _ extent: Extent, gradient: MutableFloats, activation: Floats?, _ x: Floats, mean: Floats, sums: Sums,
    products: Sums
  ) {
    for c in 0..<extent.channels { (sums[c], products[c]) = (0, 0) }
    each(extent) { c, i in
      if let activation, !(activation[i] > 0) { gradient[i] = 0 }
      sums[c] += Double(gradient[i])
      products[c] += Double(gradient[i]) * (Double(x[i]) - Double(mean[c]))
    }
  }

  package func combine(
    _ extent: Extent, gradient: Floats, _ x: Floats, a: Floats, b: Floats, c: Floats, _ y: MutableFloats
  ) {
    each(extent) { channel, i in
      y[i] = Float(Double(gradient[i]) * Double(a[channel]) + Double(x[i]) * Double(b[channel]) + Double(c[channel]))
    }
  }

  package func poolMean(_ extent: Extent, _ x: Floats, _ result: MutableFloats) {
    for n in 0..<extent.images {
      for c in 0..<extent.channels {
        var sum = 0.0
        for row in 0..<extent.height {
          for column in 0..<extent.width { sum += Double(x[extent.offset(n, c, row, column)]) }
        }
        result[n * extent.channels + c] = Float(sum / Double(extent.pixels))
      }
    }
  }

  package func poolMeanBackward(_ extent: Extent, gradient: Floats, _ result: MutableFloats) {
    for n in 0..<extent.images {
      each(extent.with(images: 1)) { c, i in
        let place = n * extent.imageCount + i
        result[place] = result[place] > 0 ? Float(Double(gradient[n * extent.channels + c]) / Double(extent.pixels)) : 0
      }
    }
  }

  package func add(_ count: Int, _ x: MutableFloats, _ y: Floats) { for i in 0..<count { x[i] += y[i] } }

  package func adam(
    _ count: Int, parameter: MutableFloats, gradient: Floats, m: MutableFloats, v: MutableFloats, step: AdamStep
  ) {
    for i in 0..<count {
      let g = Double(gradient[i])
      let mean = Double(m[i]) * Double(step.beta1) + g * (1 - Double(step.beta1))
      let square = Double(v[i]) * Double(step.beta2) + g * g * (1 - Double(step.beta2))
      (m[i], v[i]) = (Float(mean), Float(square))
      parameter[i] = Float(
        Double(parameter[i]) - Double(step.stepSize) * mean
          / (square.squareRoot() / Double(step.correction) + Double(step.epsilon)))
    }
  }

  package func logSpectrogram(_ samples: Int, _ waveform: Floats, padded: MutableFloats, _ result: MutableFloats) {
    let frames = 1 + samples / 353
    for frame in 0..<frames {
      let window = (0..<512).map { i -> Double in
        var at = frame * 353 + i - 256
        if at < 0 { at = -at }
        if at >= samples { at = 2 * samples - 2 - at }
        return Double(waveform[at]) * (0.5 - 0.5 * cos(2 * .pi * Double(i) / 512))
      }
      for k in 0...256 {
        var (re, im) = (0.0, 0.0)
        for i in 0..<512 {
          let angle = 2 * .pi * Double((i * k) % 512) / 512
          re += window[i] * cos(angle)
          im -= window[i] * sin(angle)
        }
        result[k * frames + frame] = Float(log(re * re + im * im + 1e-7))
      }
    }
  }

  package func moments(_ count: Int, _ x: Floats) -> (mean: Double, m2: Double) {
    var (mean, m2) = (0.0, 0.0)
    for i in 0..<count { mean += Double(x[i]) / Double(count) }
    for i in 0..<count { m2 += (Double(x[i]) - mean) * (Double(x[i]) - mean) }
    return (mean, m2)
  }

  package func normalize(_ count: Int, _ x: MutableFloats, mean: Float, factor: Float) {
    for i in 0..<count { x[i] = (x[i] - mean) * factor }
  }
}
