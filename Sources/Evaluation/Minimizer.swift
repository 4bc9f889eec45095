/// Limited-memory BFGS (Nocedal 1980) with a backtracking line search: the minimum of a smooth convex function.
///
/// Sums are computed in double precision in a fixed order, so that the same function gives the same minimum, bit by
/// bit.
enum Minimizer {
  /// - Parameters:
  ///   - x: the starting point; receives the minimum.
  ///   - tolerance: the search ends when the largest gradient component is below this.
  ///   - evaluate: returns the value at a point and writes its gradient into the second argument.
  /// - Returns: the value at the minimum.
  @discardableResult
  static func minimize(
    _ x: inout [Double], tolerance: Double = 1e-5, iterations: Int = 1000, memory: Int = 10,
    evaluate: ([Double], inout [Double]) throws -> Double
  ) rethrows -> Double {
    var gradient = [Double](repeating: 0, count: x.count)
    var value = try evaluate(x, &gradient)
    var pairs: [(step: [Double], change: [Double], curvature: Double)] = []
    for _ in 0..<iterations {
      if gradient.reduce(0, { max($0, abs($1)) }) <= tolerance { break }
      var direction = descent(gradient, pairs)
      var slope = dot(direction, gradient)
      if slope >= 0 {
        direction = gradient.map { -$0 }
        slope = -dot(gradient, gradient)
        pairs = []
      }
      var length = pairs.isEmpty ? min(1, 1 / max(1e-12, dot(gradient, gradient).squareRoot())) : 1
      var next = x
      var nextGradient = gradient
      var nextValue = value
      var isBetter = false
      for _ in 0..<40 {
        for i in x.indices { next[i] = x[i] + length * direction[i] }
        nextValue = try evaluate(next, &nextGradient)
        if nextValue <= value + 1e-4 * length * slope {
          isBetter = true
          break
        }
        length /= 2
      }
      // The rounding of single-precision products ends progress before the gradient is zero.
      guard isBetter else { break }
      let step = zip(next, x).map { $0 - $1 }
      let change = zip(nextGradient, gradient).map { $0 - $1 }
      let curvature = dot(step, change)
      if curvature > 1e-12 {
        pairs.append((step, change, curvature))
        if pairs.count > memory { pairs.removeFirst() }
      }
      (x, gradient, value) = (next, nextGradient, nextValue)
    }
    return value
  }

  /// −H · gradient by the two-loop recursion.
  private static func descent(
    _ gradient: [Double], _ pairs: [(step: [Double], change: [Double], curvature: Double)]
  ) -> [Double] {
    var q = gradient
    var shares: [Double] = []
    for pair in pairs.reversed() {
      let share = dot(pair.step, q) / pair.curvature
      shares.append(share)
      for i in q.indices { q[i] -= share * pair.change[i] }
    }
    if let last = pairs.last {
      let scale = last.curvature / max(1e-300, dot(last.change, last.change))
      for i in q.indices { q[i] *= scale }
    }
    for (pair, share) in zip(pairs, shares.reversed()) {
      let other = dot(pair.change, q) / pair.curvature
      for i in q.indices { q[i] += (share - other) * pair.step[i] }
    }
    for i in q.indices { q[i] = -q[i] }
    return q
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }
}
