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
}

extension GELUKind {
  /// By definition, in double precision.
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
