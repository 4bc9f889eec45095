import Audio
import Basics
import Kernels
import Models
import Networks

/// The same network trained only from labels: the baseline with which a frozen embedding is compared.
///
/// A randomly initialized encoder with one linear layer on top, trained by `Trainer` with Adam and half a cosine from
/// the base rate to 0; the epoch with the lowest loss on the validation clips is kept. The result depends only on the
/// configuration, the data and the libraries. An interrupted training resumes.
package final class SupervisedTraining {
  package struct Configuration: Sendable, Equatable {
    package var encoder: String?
    package var epochs = 40
    package var batchSize = 32
    package var learningRate = 1e-3
    package var warmUpSteps = 0
    package var microbatch = 8
    package var seed: UInt64 = 0

    package init() {}
  }

  /// Audio clips of equal length with their labels.
  package struct Data: Sendable {
    /// The names of the clips; their order in an epoch depends on them.
    package var names: [String]
    package var samples: Int
    package var waveform: @Sendable (Int, MutableFloats) -> Void
    /// `[clips, classes]`, 0 or 1.
    package var targets: [Float]
    package var classes: Int
    package var loss: LabelLoss

    package init(
      names: [String], samples: Int, targets: [Float], classes: Int, loss: LabelLoss,
      waveform: @escaping @Sendable (Int, MutableFloats) -> Void
    ) {
      (self.names, self.samples, self.waveform) = (names, samples, waveform)
      (self.targets, self.classes, self.loss) = (targets, classes, loss)
    }
  }

  /// The approximate maximum number of validations: on a small data set, one costs as much as several steps.
  private static let mostLooks = 40

  private let data: Data
  private let configuration: Configuration
  private let backend: any Backend
  private let threads: WorkerThreads
  private let architecture: Architecture
  private var learner: Learner?

  package init(
    _ data: Data, _ configuration: Configuration, backend: any Backend, threads: WorkerThreads,
    architecture: Architecture? = nil
  ) throws {
    (self.data, self.configuration, self.backend, self.threads) = (data, configuration, backend, threads)
    self.architecture = try architecture ?? .named(configuration.encoder)
  }

  /// - Parameters:
  ///   - fit: the indices of the training clips, at least two.
  ///   - validation: the indices of the clips that choose the best epoch; if empty, the last epoch is taken.
  ///   - directory: used only by this training: contains its records, and its checkpoints until it is finished.
  ///   - progress: called after each epoch with its number and the losses.
  /// - Throws: `Interruption.failure`; `training.nonfinite`.
  package func train(
    _ fit: [Int], validation: [Int], directory: String,
    progress: @escaping (_ epoch: Int, _ loss: Double, _ validationLoss: Double?) -> Void
  ) throws {
    var recipe = TrainingConfiguration()
    recipe.encoder = architecture.label
    recipe.loss = "labels"
    recipe.batchSize = min(configuration.batchSize, fit.count)
    recipe.learningRate = configuration.learningRate
    (recipe.schedule, recipe.scheduleEpochs) = (CosineSchedule.name, configuration.epochs)
    recipe.seed = configuration.seed
    recipe.microbatch = configuration.microbatch
    recipe.optimizer.warmUpSteps = configuration.warmUpSteps
    recipe.patience = nil
    var limits = TrainingLimits()
    limits.epochs = configuration.epochs
    limits.validateEvery = max(1, configuration.epochs / Self.mostLooks)
    let trainer = try Trainer(
      recipe, limits, train: LabeledClips(data, fit),
      validation: validation.isEmpty ? nil : LabeledClips(data, validation),
      directory: directory, backend: backend, threads: threads, architecture: architecture,
      objective: LabelObjective(data.loss)
    ) { event in
      if case .epochEnded(let line) = event { progress(line.epoch + 1, line.loss, line.validationLoss) }
    }
    try trainer.run()
    try trainer.loadBest()
    learner = trainer.learner
    try Files.remove("\(directory)/checkpoints")
  }

  /// The class scores, `[clips, classes]`, computed with the batch norms' running statistics. Call it after `train`.
  package func scores(_ clips: [Int]) throws -> [Float] {
    guard let learner else { return [] }
    let context = LossContext(
      encoder: architecture.width, target: data.classes, parameters: learner.parameters, backend: backend,
      threads: threads)
    let head = RowNetwork(
      [LabelObjective.head(encoder: architecture.width, classes: data.classes)], inputs: architecture.width, context)
    var result: [Float] = []
    try forEachPart(clips, learner) { embedded, count in result += try head.forward(embedded, rows: count).values }
    return result
  }

  /// Values of an encoding.
  package var width: Int { architecture.width }

  /// `[clips, width]`: the encoder's output, before the classification layer. Call it after `train`.
  package func encodings(_ clips: [Int]) throws -> [Float] {
    guard let learner else { return [] }
    var result: [Float] = []
    try forEachPart(clips, learner) { embedded, count in result += embedded.values.prefix(count * width) }
    return result
  }

  /// Encodes clips in parts.
  private func forEachPart(
    _ clips: [Int], _ learner: Learner, _ body: (_ encodings: FloatBuffer, _ count: Int) throws -> Void
  ) throws {
    let embedder = Embedder(
      Model(architecture, learner.parameters, projection: nil), samples: data.samples, project: false,
      backend: backend, threads: threads)
    let (piece, waveform) = (64, data.waveform)
    for start in stride(from: 0, to: clips.count, by: piece) {
      let part = Array(clips[start..<min(clips.count, start + piece)])
      try body(embedder.embed(part.count, scope: .clip) { row, place in waveform(part[row], place) }, part.count)
    }
  }
}

/// Some of the labeled clips, as `TrainingClips`.
private struct LabeledClips: TrainingClips {
  let data: SupervisedTraining.Data
  let clips: [Int]

  init(_ data: SupervisedTraining.Data, _ clips: [Int]) { (self.data, self.clips) = (data, clips) }

  var ids: [String] { clips.map { data.names[$0] } }
  var width: Int { data.classes }
  var samples: Int { data.samples }
  func waveform(_ clip: Int, into place: MutableFloats) { data.waveform(clips[clip], place) }
  func target(_ clip: Int, samples: Range<Int>) -> [Float] {
    Array(data.targets[clips[clip] * data.classes..<(clips[clip] + 1) * data.classes])
  }
}
