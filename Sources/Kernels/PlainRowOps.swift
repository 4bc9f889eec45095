import Basics

extension PlainOps {
  package func layerNorm(
    rows: Int, width: Int, _ x: Floats, scale: Floats, shift: Floats, epsilon: Float, _ y: MutableFloats,
    moments: MutableFloats?
  ) {
    for row in 0..<rows {
      let (mean, m2) = self.moments(width, x + row * width)
      let inverse = 1 / (m2 / Double(width) + Double(epsilon)).squareRoot()
      for i in 0..<width {
        let value = (Double(x[row * width + i]) - mean) * inverse
        y[row * width + i] = Float(value * Double(scale[i]) + Double(shift[i]))
      }
      if let moments { (moments[2 * row], moments[2 * row + 1]) = (Float(mean), Float(inverse)) }
    }
  }

  package func softmax(rows: Int, width: Int, causal: Bool, _ x: MutableFloats) {
    for row in 0..<rows {
      let (values, count) = (x + row * width, causal ? min(row + 1, width) : width)
      let most = (0..<count).reduce(-Float.infinity) { max($0, values[$1]) }
      let powers = (0..<count).map { exponential(Double(values[$0]) - Double(most)) }
      let sum = powers.reduce(0, +)
      for i in 0..<width { values[i] = i < count ? Float(powers[i] / sum) : 0 }
    }
  }

  package func gelu(_ kind: GELUKind, _ count: Int, _ x: Floats, _ y: MutableFloats) {
    for i in 0..<count { y[i] = Float(kind.value(Double(x[i]))) }
  }

  package func geluGradient(_ kind: GELUKind, _ count: Int, gradient: Floats, _ x: MutableFloats) {
    for i in 0..<count { x[i] = Float(Double(gradient[i]) * kind.slope(Double(x[i]))) }
  }

  package func attend(
    heads: Int, width: Int, query: Floats, keys: [Floats], values: [Floats], scale: Float, scores: MutableFloats,
    _ y: MutableFloats
  ) {
    for head in 0..<heads {
      let columns = head * width..<(head + 1) * width
      for (s, key) in keys.enumerated() {
        scores[s] = Float(columns.reduce(0.0) { $0 + Double(query[$1]) * Double(key[$1]) } * Double(scale))
      }
      softmax(rows: 1, width: keys.count, causal: false, scores)
      for c in columns { y[c] = Float(values.indices.reduce(0.0) { $0 + Double(scores[$1]) * Double(values[$1][c]) }) }
    }
  }

  package func columnSums(rows: Int, width: Int, _ x: Floats, _ sums: MutableFloats) {
    for i in 0..<width { sums[i] = Float((0..<rows).reduce(0.0) { $0 + Double(x[$1 * width + i]) }) }
  }

  package func layerNormGradient(
    rows: Int, width: Int, gradient: Floats, scale: Floats, moments: Floats, _ x: MutableFloats,
    scales: MutableFloats, shifts: MutableFloats
  ) {
    var (scaled, shifted) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
    for row in 0..<rows {
      let (mean, inverse) = (Double(moments[2 * row]), Double(moments[2 * row + 1]))
      let unit = (0..<width).map { (Double(x[row * width + $0]) - mean) * inverse }
      let d = (0..<width).map { Double(gradient[row * width + $0]) }
      let slopes = (0..<width).map { d[$0] * Double(scale[$0]) }
      let shift = slopes.reduce(0, +) / Double(width)
      let along = zip(slopes, unit).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      for i in 0..<width {
        scaled[i] += d[i] * unit[i]
        shifted[i] += d[i]
        x[row * width + i] = Float((slopes[i] - shift - unit[i] * along) * inverse)
      }
    }
    for i in 0..<width { (scales[i], shifts[i]) = (Float(scaled[i]), Float(shifted[i])) }
  }

  package func softmaxGradient(rows: Int, width: Int, shares: Floats, _ slopes: MutableFloats) {
    for row in 0..<rows {
      let range = row * width..<(row + 1) * width
      let mean = range.reduce(0.0) { $0 + Double(slopes[$1]) * Double(shares[$1]) }
      for i in range { slopes[i] = Float((Double(slopes[i]) - mean) * Double(shares[i])) }
    }
  }

  package func dropout(_ count: Int, key: UInt64, rate: Float, _ x: Floats, _ y: MutableFloats) {
    for i in 0..<count { y[i] = DropoutHash.keeps(i, key: key, rate: rate) ? x[i] * (1 / (1 - rate)) : 0 }
  }

  package func crossEntropy(
    rows: Int, width: Int, targets: UnsafePointer<Int32>, smoothing: Float, factor: Float?, _ x: MutableFloats
  ) -> Double {
    var loss = 0.0
    for row in 0..<rows {
      let (values, target) = (x + row * width, Int(targets[row]))
      let most = Double((0..<width).reduce(-Float.infinity) { max($0, values[$1]) })
      let powers = (0..<width).map { exponential(Double(values[$0]) - most) }
      let sum = powers.reduce(0, +)
      let wanted = (0..<width).map { Double(smoothing) / Double(width) + ($0 == target ? 1 - Double(smoothing) : 0) }
      for i in 0..<width { loss -= wanted[i] * (Double(values[i]) - most - naturalLogarithm(sum)) }
      if let factor { for i in 0..<width { values[i] = Float((powers[i] / sum - wanted[i]) * Double(factor)) } }
    }
    return loss
  }
}

extension GELUKind {
  /// The function's value from its definition, in double precision.
  package func value(_ x: Double) -> Double {
    switch self {
    case .exact: x * 0.5 * (1 + errorFunction(x / 2.0.squareRoot()))
    case .quick: x / (1 + exponential(-1.702 * x))
    }
  }

  func slope(_ x: Double) -> Double {
    switch self {
    case .exact:
      return 0.5 * (1 + errorFunction(x / 2.0.squareRoot())) + x * exponential(-x * x / 2)
        / (2 * Double.pi).squareRoot()
    case .quick:
      let share = 1 / (1 + exponential(-1.702 * x))
      return share + 1.702 * x * share * (1 - share)
    }
  }
}
