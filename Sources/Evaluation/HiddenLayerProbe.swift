import Basics
import Distillation
import Kernels

/// One hidden layer of 512 with ReLU, trained with Adam until the loss on the validation share no longer falls.
package enum HiddenLayerProbe: Probe {
  package static let name = "MLP"
  package static let description =
    "MLP: one hidden layer of 512 (ReLU) on standardised features, Adam 1e-3, batches of 32, weight decay 1e-4, ended by the loss on the validation share (patience 15, at most 200 epochs; 60 epochs where there are too few clips for a share)"
  static let hidden = 512
  static let batch = 32
  static let rate = 1e-3
  static let decay: Float = 1e-4
  static let patience = 15
  static let mostEpochs = 200
  static let epochsWithoutValidation = 60

  package static func run(
    _ data: ProbeData, test: FeatureRows, seed: UInt64, kernels: any LayerKernels
  ) -> ProbeOutcome {
    let standardise = Standardiser(data.fit)
    let (fit, validation) = (standardise(data.fit), standardise(data.validation))
    let network = HiddenLayerNetwork(width: fit.width, hidden: hidden, classes: data.classes, seed: seed)
    var best = (loss: Double.infinity, epoch: 0, values: network.parameters.values)
    let epochs = validation.count == 0 ? epochsWithoutValidation : mostEpochs
    for epoch in 1...epochs {
      network.train(fit, data.fitTargets, loss: data.loss, seed: seed, epoch: epoch, kernels)
      guard validation.count > 0 else { continue }
      let loss = data.loss.evaluate(
        network.scores(validation), targets: data.validationTargets, rows: validation.count, classes: data.classes)
      if loss < best.loss { best = (loss, epoch, network.parameters.values) }
      if epoch - best.epoch >= patience { break }
    }
    if validation.count > 0 { network.parameters.start.update(from: best.values, count: best.values.count) }
    return ProbeOutcome(
      scores: network.scores(standardise(test)), choice: Double(validation.count == 0 ? epochs : best.epoch))
  }
}

/// linear → ReLU → linear, with Adam's moments. Used by one thread.
private final class HiddenLayerNetwork {
  let parameters: FloatBuffer
  private let (width, hidden, classes): (Int, Int, Int)
  private let gradients: FloatBuffer
  private let first: FloatBuffer
  private let second: FloatBuffer
  private var steps = 0

  init(width: Int, hidden: Int, classes: Int, seed: UInt64) {
    (self.width, self.hidden, self.classes) = (width, hidden, classes)
    let count = hidden * width + hidden + classes * hidden + classes
    (parameters, gradients) = (FloatBuffer(count), FloatBuffer(count))
    (first, second) = (FloatBuffer(count), FloatBuffer(count))
    // PyTorch's default for linear layers: uniform in ±1/√inputs.
    for (purpose, start, size, inputs) in [
      ("hidden", 0, hidden * width + hidden, width), ("output", outputWeights, classes * hidden + classes, hidden),
    ] {
      var random = SeededRandom(seed: seed, for: "probe\0\(purpose)")
      let bound = 1 / Double(inputs).squareRoot()
      for i in start..<start + size { parameters.start[i] = Float((2 * random.uniform() - 1) * bound) }
    }
  }

  private var hiddenBiases: Int { hidden * width }
  private var outputWeights: Int { hidden * width + hidden }
  private var outputBiases: Int { outputWeights + classes * hidden }

  /// One pass over the rows, in an order of its own for each epoch. Every row counts: the last batch may be smaller.
  func train(
    _ rows: FeatureRows, _ targets: [Float], loss: LabelLoss, seed: UInt64, epoch: Int, _ kernels: any LayerKernels
  ) {
    var order = Array(0..<rows.count)
    var random = SeededRandom(seed: seed, for: "probe\0order", UInt64(epoch))
    random.shuffle(&order)
    for start in stride(from: 0, to: order.count, by: HiddenLayerProbe.batch) {
      let batch = Array(order[start..<min(order.count, start + HiddenLayerProbe.batch)])
      let wanted = batch.flatMap { targets[$0 * classes..<($0 + 1) * classes] }
      step(FloatBuffer(rows.rows(batch).values), FloatBuffer(wanted), batch.count, loss, kernels)
    }
  }

  private func step(
    _ x: FloatBuffer, _ targets: FloatBuffer, _ rows: Int, _ loss: LabelLoss, _ kernels: any LayerKernels
  ) {
    let (activation, logits) = forward(x, rows)
    let slope = FloatBuffer(rows * classes)
    _ = loss.evaluate(logits.start, targets: targets.start, rows: rows, classes: classes, slope: slope.start)
    linearGradient(slope, activation, rows, classes, hidden, weights: outputWeights, biases: outputBiases)
    let inner = FloatBuffer(rows * hidden)
    Matrix.multiply(
      slope.start, parameters.start + outputWeights, into: inner.start, m: rows, n: hidden, k: classes)
    for i in 0..<rows * hidden where activation.start[i] <= 0 { inner.start[i] = 0 }
    linearGradient(inner, x, rows, hidden, width, weights: 0, biases: hiddenBiases)
    steps += 1
    kernels.adam(
      parameters.count, parameter: parameters.start, gradient: gradients.start, first: first.start,
      second: second.start, step: AdamStep(rate: HiddenLayerProbe.rate, number: steps))
  }

  private func linearGradient(
    _ slope: FloatBuffer, _ input: FloatBuffer, _ rows: Int, _ outputs: Int, _ inputs: Int, weights: Int, biases: Int
  ) {
    (gradients.start + weights).update(from: parameters.start + weights, count: outputs * inputs)
    Matrix.multiply(
      slope.start, aTransposed: true, input.start, into: gradients.start + weights, m: outputs, n: inputs, k: rows,
      beta: HiddenLayerProbe.decay)
    for c in 0..<outputs {
      var sum = 0.0
      for row in 0..<rows { sum += Double(slope.start[row * outputs + c]) }
      gradients.start[biases + c] = Float(sum)
    }
  }

  private func forward(_ x: FloatBuffer, _ rows: Int) -> (activation: FloatBuffer, logits: FloatBuffer) {
    let activation = linear(x, rows, width, hidden, weights: 0, biases: hiddenBiases)
    for i in 0..<rows * hidden { activation.start[i] = max(0, activation.start[i]) }
    return (activation, linear(activation, rows, hidden, classes, weights: outputWeights, biases: outputBiases))
  }

  private func linear(_ x: FloatBuffer, _ rows: Int, _ inputs: Int, _ outputs: Int, weights: Int, biases: Int)
    -> FloatBuffer
  {
    let result = FloatBuffer(rows * outputs)
    for row in 0..<rows { (result.start + row * outputs).update(from: parameters.start + biases, count: outputs) }
    Matrix.multiply(
      x.start, parameters.start + weights, bTransposed: true, into: result.start, m: rows, n: outputs, k: inputs,
      beta: 1)
    return result
  }

  /// `[rows, classes]`.
  func scores(_ rows: FeatureRows) -> [Float] {
    rows.count == 0 ? [] : forward(FloatBuffer(rows.values), rows.count).logits.values
  }
}
