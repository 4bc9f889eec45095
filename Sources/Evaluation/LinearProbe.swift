import Kernels
import Networks
import Basics
import Training

/// Logistic regression with an L2 penalty, fitted to its minimum: multinomial if clips have one label each,
/// one-versus-rest if they have several.
///
/// The objective is scikit-learn's: C · Σ loss + ½ ‖W‖², without a penalty on intercepts. The validation share chooses
/// C; then the probe is fitted with it to all training rows.
package enum LinearProbe: Probe {
  package static let name = "linear"
  package static let description =
    "linear: logistic regression on standardised features, L2, C of 0.001 to 10 chosen by the loss on the validation share, then fitted to all training clips"
  static let strengths = [0.001, 0.01, 0.1, 1, 10]
  /// Used if there is no validation share.
  static let usualStrength = 1.0

  package static func run(
    _ data: ProbeData, test: FeatureRows, seed: UInt64, backend: any Backend
  ) throws -> ProbeOutcome {
    let strength = data.validation.count == 0 ? usualStrength : try chooseStrength(data, backend)
    let (rows, targets) = data.all
    let standardise = Standardiser(rows)
    let model = try LinearModel(
      standardise(rows), targets, classes: data.classes, loss: data.loss, strength: strength,
      backend)
    return ProbeOutcome(scores: try model.scores(standardise(test)), choice: strength)
  }

  private static func chooseStrength(_ data: ProbeData, _ backend: any Backend) throws -> Double {
    let standardise = Standardiser(data.fit)
    let (fit, validation) = (standardise(data.fit), standardise(data.validation))
    let losses = try strengths.map { strength in
      let model = try LinearModel(
        fit, data.fitTargets, classes: data.classes, loss: data.loss, strength: strength, backend)
      return data.loss.evaluate(
        try model.scores(validation), targets: data.validationTargets, rows: validation.count, classes: data.classes)
    }
    let best = losses.indices.min { (losses[$0], $0) < (losses[$1], $1) } ?? 0
    return strengths[best]
  }
}

/// A model whose scores are linear in the features.
final class LinearModel {
  let classes: Int
  private let parameters: Parameters
  private let layer: RowNetwork

  /// `[classes, width]`.
  var weights: [Float] { values("linear.weight") }
  var intercepts: [Float] { values("linear.bias") }

  private func values(_ name: String) -> [Float] {
    let slot = parameters.layout.slot(name)
    return parameters.trainable[slot.offset..<slot.offset + slot.count]
  }

  /// - Parameter strength: C.
  init(
    _ rows: FeatureRows, _ targets: [Float], classes: Int, loss: LabelLoss, strength: Double, _ backend: any Backend
  ) throws {
    let (width, count) = (rows.width, rows.count)
    self.classes = classes
    let linear = Linear("linear", inputs: width, outputs: classes)
    let parameters = Parameters(linear.parameters)
    let gradients = FloatBuffer(parameters.trainable.count)
    let layer = RowNetwork(
      [linear], inputs: width,
      LossContext(
        encoder: width, target: classes, parameters: parameters, gradients: gradients, backend: backend,
        threads: WorkerThreads(1)))
    (self.parameters, self.layer) = (parameters, layer)
    let size = classes * width
    let penalty = 1 / (strength * Double(max(1, count)))
    let (x, slopes) = (FloatBuffer(rows.values), FloatBuffer(count * classes))
    var place = [Double](repeating: 0, count: size + classes)
    try Minimizer.minimize(&place) { place, gradient in
      for i in place.indices { parameters.trainable.start[i] = Float(place[i]) }
      let logits = try layer.forward(x, rows: count)
      var value = loss.evaluate(logits.start, targets: targets, rows: count, classes: classes, slope: slopes.start)
      _ = try layer.backward(slopes, rows: count)
      for i in place.indices { gradient[i] = Double(gradients.start[i]) }
      for i in 0..<size {
        value += 0.5 * penalty * place[i] * place[i]
        gradient[i] += penalty * place[i]
      }
      return value
    }
    for i in place.indices { parameters.trainable.start[i] = Float(place[i]) }
  }

  /// `[rows, classes]`.
  func scores(_ rows: FeatureRows) throws -> [Float] {
    rows.count == 0 ? [] : try layer.forward(FloatBuffer(rows.values), rows: rows.count).values
  }
}
