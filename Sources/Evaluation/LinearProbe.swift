import Distillation
import Kernels

/// Logistic regression with an L2 penalty, to its minimum: multinomial for one label a clip, one against the rest for several.
///
/// The function is scikit-learn's: C · Σ loss + ½ ‖W‖², intercepts unpenalised. The validation share chooses C; then all training
/// rows are fitted with it.
package enum LinearProbe: Probe {
  package static let name = "linear"
  package static let description =
    "linear: logistic regression on standardised features, L2, C of 0.001 to 10 chosen by the loss on the validation share, then fitted to all training clips"
  static let strengths = [0.001, 0.01, 0.1, 1, 10]
  /// Where there is no validation share.
  static let usualStrength = 1.0

  package static func run(
    _ data: ProbeData, test: FeatureRows, seed: UInt64, kernels: any LayerKernels
  ) -> ProbeOutcome {
    let strength = data.validation.count == 0 ? usualStrength : chooseStrength(data)
    let (rows, targets) = data.all
    let standardise = Standardiser(rows)
    let model = LinearModel(
      standardise(rows), targets, classes: data.classes, loss: data.loss, strength: strength)
    return ProbeOutcome(scores: model.scores(standardise(test)), choice: strength)
  }

  private static func chooseStrength(_ data: ProbeData) -> Double {
    let standardise = Standardiser(data.fit)
    let (fit, validation) = (standardise(data.fit), standardise(data.validation))
    let losses = strengths.map { strength in
      let model = LinearModel(fit, data.fitTargets, classes: data.classes, loss: data.loss, strength: strength)
      return data.loss.evaluate(
        model.scores(validation), targets: data.validationTargets, rows: validation.count, classes: data.classes)
    }
    let best = losses.indices.min { (losses[$0], $0) < (losses[$1], $1) } ?? 0
    return strengths[best]
  }
}

/// Scores that are linear in the features.
struct LinearModel {
  let classes: Int
  /// `[classes, width]`.
  private(set) var weights: [Float]
  private(set) var intercepts: [Float]

  /// - Parameter strength: C.
  init(_ rows: FeatureRows, _ targets: [Float], classes: Int, loss: LabelLoss, strength: Double) {
    let (width, count) = (rows.width, rows.count)
    self.classes = classes
    let size = classes * width
    let penalty = 1 / (strength * Double(max(1, count)))
    let x = FloatBuffer(rows.values)
    let (logits, slopes, gradients) = (
      FloatBuffer(count * classes), FloatBuffer(count * classes), FloatBuffer(size)
    )
    var place = [Double](repeating: 0, count: size + classes)
    Minimiser.minimise(&place) { place, gradient in
      let w = FloatBuffer(place[..<size].map { Float($0) })
      Self.multiply(x, w, place[size...].map { Float($0) }, rows: count, width: width, classes: classes, into: logits)
      var value = loss.evaluate(
        logits.start, targets: targets, rows: count, classes: classes, slope: slopes.start)
      Matrix.multiply(slopes.start, aTransposed: true, x.start, into: gradients.start, m: classes, n: width, k: count)
      for i in 0..<size {
        value += 0.5 * penalty * place[i] * place[i]
        gradient[i] = Double(gradients.start[i]) + penalty * place[i]
      }
      for c in 0..<classes {
        var sum = 0.0
        for row in 0..<count { sum += Double(slopes.start[row * classes + c]) }
        gradient[size + c] = sum
      }
      return value
    }
    weights = place[..<size].map { Float($0) }
    intercepts = place[size...].map { Float($0) }
  }

  /// `[rows, classes]`.
  func scores(_ rows: FeatureRows) -> [Float] {
    let result = FloatBuffer(rows.count * classes)
    Self.multiply(
      FloatBuffer(rows.values), FloatBuffer(weights), intercepts, rows: rows.count, width: rows.width, classes: classes,
      into: result)
    return result.values
  }

  static func multiply(
    _ x: FloatBuffer, _ weights: FloatBuffer, _ intercepts: [Float], rows: Int, width: Int, classes: Int,
    into result: FloatBuffer
  ) {
    for row in 0..<rows { (result.start + row * classes).update(from: intercepts, count: classes) }
    guard rows > 0 else { return }
    Matrix.multiply(
      x.start, weights.start, bTransposed: true, into: result.start, m: rows, n: classes, k: width, beta: 1)
  }
}
