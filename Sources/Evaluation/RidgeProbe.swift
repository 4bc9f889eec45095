import Kernels

/// Least squares with an L2 penalty on ±1 targets (scikit-learn's RidgeClassifier), in double precision: for feature
/// rows of a few hundred numbers, such as log-mel statistics.
package enum RidgeProbe: Probe {
  package static let name = "ridge"
  package static let description =
    "ridge: least squares on standardised features with ±1 targets, penalty 0.1 to 1000 chosen by the squared error on the validation share, then fitted to all training clips"
  static let penalties = [0.1, 1, 10, 100, 1000]
  static let usualPenalty = 10.0

  package static func run(
    _ data: ProbeData, test: FeatureRows, seed: UInt64, backend: any Backend
  ) -> ProbeOutcome {
    var penalty = usualPenalty
    if data.validation.count > 0 {
      let standardise = Standardiser(data.fit)
      let normal = NormalEquations(standardise(data.fit), data.fitTargets, classes: data.classes)
      let validation = standardise(data.validation)
      let errors = penalties.map { penalty in
        zip(normal.scores(validation, penalty: penalty), data.validationTargets)
          .reduce(0.0) { sum, pair in
            let error = Double(pair.0) - Double(2 * pair.1 - 1)
            return sum + error * error
          }
      }
      penalty = penalties[errors.indices.min { (errors[$0], $0) < (errors[$1], $1) } ?? 0]
    }
    let (rows, targets) = data.all
    let standardise = Standardiser(rows)
    let normal = NormalEquations(standardise(rows), targets, classes: data.classes)
    return ProbeOutcome(scores: normal.scores(standardise(test), penalty: penalty), choice: penalty)
  }
}

/// XᵀX and XᵀY of standardized rows and centered targets.
private struct NormalEquations {
  private let width: Int
  private let classes: Int
  /// `[width, width]`.
  private var square: [Double]
  /// `[width, classes]`.
  private var right: [Double]
  private var means: [Double]

  init(_ rows: FeatureRows, _ targets: [Float], classes: Int) {
    (width, self.classes) = (rows.width, classes)
    var means = [Double](repeating: 0, count: classes)
    for (i, target) in targets.enumerated() { means[i % classes] += Double(2 * target - 1) / Double(rows.count) }
    let x = rows.values.map { Double($0) }
    let y = targets.enumerated().map { i, target in Double(2 * target - 1) - means[i % classes] }
    square = LibraryMatrix.transposedProduct(x, x, rows: rows.count, m: width, n: width)
    right = LibraryMatrix.transposedProduct(x, y, rows: rows.count, m: width, n: classes)
    self.means = means
  }

  /// `[rows, classes]`, the scores of the solution with this penalty.
  func scores(_ rows: FeatureRows, penalty: Double) -> [Float] {
    let solution = solve(penalty)
    var result: [Float] = []
    result.reserveCapacity(rows.count * classes)
    for row in 0..<rows.count {
      for c in 0..<classes {
        var sum = means[c]
        for i in 0..<width { sum += Double(rows.values[row * width + i]) * solution[i * classes + c] }
        result.append(Float(sum))
      }
    }
    return result
  }

  /// Solves (XᵀX + penalty · 1) W = XᵀY by Cholesky decomposition; the penalty makes the matrix positive definite.
  private func solve(_ penalty: Double) -> [Double] {
    var factor = square
    for i in 0..<width { factor[i * width + i] += penalty }
    for i in 0..<width {
      for j in 0...i {
        var sum = factor[i * width + j]
        for k in 0..<j { sum -= factor[i * width + k] * factor[j * width + k] }
        factor[i * width + j] = i == j ? max(sum, 1e-12).squareRoot() : sum / factor[j * width + j]
      }
    }
    var x = right
    for c in 0..<classes {
      for i in 0..<width {
        for k in 0..<i { x[i * classes + c] -= factor[i * width + k] * x[k * classes + c] }
        x[i * classes + c] /= factor[i * width + i]
      }
      for i in (0..<width).reversed() {
        for k in i + 1..<width { x[i * classes + c] -= factor[k * width + i] * x[k * classes + c] }
        x[i * classes + c] /= factor[i * width + i]
      }
    }
    return x
  }
}
