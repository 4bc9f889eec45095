import Basics
import Kernels
import Networks
import Training

/// One hidden layer of 512 units with ReLU, trained with Adam until the loss on the validation share no longer
/// decreases.
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
    _ data: ProbeData, test: FeatureRows, seed: UInt64, backend: any Backend
  ) throws -> ProbeOutcome {
    let standardise = Standardiser(data.fit)
    let (fit, validation) = (standardise(data.fit), standardise(data.validation))
    let network = HiddenLayerNetwork(width: fit.width, hidden: hidden, classes: data.classes, seed: seed, backend)
    let weights = network.parameters.trainable
    var best = (loss: Double.infinity, epoch: 0, values: weights.values)
    let epochs = validation.count == 0 ? epochsWithoutValidation : mostEpochs
    for epoch in 1...epochs {
      try network.train(fit, data.fitTargets, loss: data.loss, seed: seed, epoch: epoch)
      guard validation.count > 0 else { continue }
      let loss = data.loss.evaluate(
        try network.scores(validation), targets: data.validationTargets, rows: validation.count, classes: data.classes)
      if loss < best.loss { best = (loss, epoch, weights.values) }
      if epoch - best.epoch >= patience { break }
    }
    if validation.count > 0 { weights.start.update(from: best.values, count: best.values.count) }
    return ProbeOutcome(
      scores: try network.scores(standardise(test)), choice: Double(validation.count == 0 ? epochs : best.epoch))
  }
}

/// linear → ReLU → linear, with Adam's moments. Used by one thread.
private final class HiddenLayerNetwork {
  let parameters: Parameters
  private let classes: Int
  private let ops: any Ops
  private let gradients: FloatBuffer
  private let m: FloatBuffer
  private let v: FloatBuffer
  private let network: RowNetwork
  private var steps = 0

  init(width: Int, hidden: Int, classes: Int, seed: UInt64, _ backend: any Backend) {
    self.classes = classes
    ops = backend.ops
    let layers: [any LayerDescription] = [
      Linear("hidden", inputs: width, outputs: hidden), ReLU(), Linear("output", inputs: hidden, outputs: classes),
    ]
    parameters = Parameters(layers.flatMap(\.parameters))
    parameters.initialize(seed: seed)
    let count = parameters.trainable.count
    (gradients, m, v) = (FloatBuffer(count), FloatBuffer(count), FloatBuffer(count))
    network = RowNetwork(
      layers, inputs: width,
      LossContext(
        encoder: width, target: classes, parameters: parameters, gradients: gradients, backend: backend,
        threads: WorkerThreads(1)))
  }

  /// One pass over the rows, in a different order for each epoch. Every row counts: the last batch may be smaller.
  func train(_ rows: FeatureRows, _ targets: [Float], loss: LabelLoss, seed: UInt64, epoch: Int) throws {
    var order = Array(0..<rows.count)
    var random = SeededRandom(seed: seed, for: "probe\0order", UInt64(epoch))
    random.shuffle(&order)
    for start in stride(from: 0, to: order.count, by: HiddenLayerProbe.batch) {
      let batch = Array(order[start..<min(order.count, start + HiddenLayerProbe.batch)])
      let wanted = batch.flatMap { targets[$0 * classes..<($0 + 1) * classes] }
      try step(FloatBuffer(rows.rows(batch).values), FloatBuffer(wanted), batch.count, loss)
    }
  }

  private func step(_ x: FloatBuffer, _ targets: FloatBuffer, _ rows: Int, _ loss: LabelLoss) throws {
    let logits = try network.forward(x, rows: rows)
    let slope = FloatBuffer(rows * classes)
    _ = loss.evaluate(logits.start, targets: targets.start, rows: rows, classes: classes, slope: slope.start)
    _ = try network.backward(slope, rows: rows)
    for slot in parameters.layout.trainable where slot.spec.decays {
      for i in slot.offset..<slot.offset + slot.count {
        gradients.start[i] += HiddenLayerProbe.decay * parameters.trainable.start[i]
      }
    }
    steps += 1
    ops.adam(
      gradients.count, parameter: parameters.trainable.start, gradient: gradients.start, m: m.start, v: v.start,
      step: AdamStep(rate: HiddenLayerProbe.rate, number: steps))
  }

  /// `[rows, classes]`.
  func scores(_ rows: FeatureRows) throws -> [Float] {
    rows.count == 0 ? [] : try network.forward(FloatBuffer(rows.values), rows: rows.count).values
  }
}
