import Glibc

/// The same operations written down plainly, in double precision: what tests hold the fast kernels against.
package struct ReferenceKernels: LayerKernels {
  package init() {}

  private func each(_ e: Extent, _ body: (_ channel: Int, _ offset: Int) -> Void) {
    for image in 0..<e.images {
      for channel in 0..<e.channels {
        for row in 0..<e.height { for column in 0..<e.width { body(channel, e.offset(image, channel, row, column)) } }
      }
    }
  }

  package func channelMoments(_ extent: Extent, _ x: Floats, mean: Sums, squares: Sums) {
    let count = Double(extent.images * extent.pixels)
    for c in 0..<extent.channels { (mean[c], squares[c]) = (0, 0) }
    each(extent) { c, i in mean[c] += Double(x[i]) / count }
    each(extent) { c, i in squares[c] += (Double(x[i]) - mean[c]) * (Double(x[i]) - mean[c]) }
  }

  package func scaleShift(_ extent: Extent, _ x: Floats, _ norm: ResultNorm, _ y: Output) {
    each(extent) { c, i in
      var value = Double(x[i]) * Double(norm.scale[c]) + Double(norm.shift[c])
      if let residual = norm.residual {
        let gate = norm.residualGate
        let other = Double(residual[i]) * Double(gate?.scale[c] ?? 1) + Double(gate?.shift[c] ?? 0)
        value += norm.residualRelu ? max(0, other) : other
      }
      y[i] = Float(norm.relu ? max(0, value) : value)
    }
  }

  package func gradientMoments(
    _ extent: Extent, gradient: Output, activation: Floats?, _ x: Floats, mean: Floats, sums: Sums, products: Sums
  ) {
    for c in 0..<extent.channels { (sums[c], products[c]) = (0, 0) }
    each(extent) { c, i in
      if let activation, !(activation[i] > 0) { gradient[i] = 0 }
      sums[c] += Double(gradient[i])
      products[c] += Double(gradient[i]) * (Double(x[i]) - Double(mean[c]))
    }
  }

  package func combine(_ extent: Extent, gradient: Floats, _ x: Floats, a: Floats, b: Floats, c: Floats, _ y: Output) {
    each(extent) { channel, i in
      y[i] = Float(Double(gradient[i]) * Double(a[channel]) + Double(x[i]) * Double(b[channel]) + Double(c[channel]))
    }
  }

  package func poolMean(_ extent: Extent, _ x: Floats, _ result: Output) {
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

  package func poolMeanBackward(_ extent: Extent, gradient: Floats, _ result: Output) {
    for n in 0..<extent.images {
      each(extent.with(images: 1)) { c, i in
        let place = n * extent.imageCount + i
        result[place] = result[place] > 0 ? Float(Double(gradient[n * extent.channels + c]) / Double(extent.pixels)) : 0
      }
    }
  }

  package func add(_ count: Int, _ x: Output, _ y: Floats) { for i in 0..<count { x[i] += y[i] } }

  package func adam(_ count: Int, parameter: Output, gradient: Floats, first: Output, second: Output, step: AdamStep) {
    for i in 0..<count {
      let g = Double(gradient[i])
      let m = Double(first[i]) * Double(step.beta1) + g * (1 - Double(step.beta1))
      let v = Double(second[i]) * Double(step.beta2) + g * g * (1 - Double(step.beta2))
      (first[i], second[i]) = (Float(m), Float(v))
      parameter[i] = Float(
        Double(parameter[i]) - Double(step.stepSize) * m
          / (v.squareRoot() / Double(step.correction) + Double(step.epsilon)))
    }
  }

  package func logSpectrogram(_ samples: Int, _ waveform: Floats, padded: Output, _ result: Output) {
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

  package func moments(_ count: Int, _ x: Floats) -> (mean: Double, squares: Double) {
    var (mean, squares) = (0.0, 0.0)
    for i in 0..<count { mean += Double(x[i]) / Double(count) }
    for i in 0..<count { squares += (Double(x[i]) - mean) * (Double(x[i]) - mean) }
    return (mean, squares)
  }

  package func normalise(_ count: Int, _ x: Output, mean: Float, factor: Float) {
    for i in 0..<count { x[i] = (x[i] - mean) * factor }
  }
}
