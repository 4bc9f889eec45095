import Audio
import Basics
import Glibc
import Kernels
import Networks
import Ranks

/// One training step: updates the weights with a batch of audio clips and embeddings.
///
/// Each rank runs the encoder on its own rows of the batch. Embeddings and targets are then sent to all ranks, and each
/// rank computes the loss of the whole batch and updates the weights by itself. The result does not depend on the
/// number of ranks.
final class TrainingStep: @unchecked Sendable {
  private let clips: any TrainingClips
  private let ranks: RankGroup
  private let configuration: TrainingConfiguration
  private let learner: Learner
  private let encoder: Network
  private let loss: any TrainingLoss
  private let gradients: FloatBuffer
  /// For the whole batch: `[batch, encoder's width]` and `[batch, target's width]`.
  private let (embeddings, targets): (FloatBuffer, FloatBuffer)
  /// The rows of a batch, by rank.
  private let rows: [Range<Int>]
  private let loader: BatchLoader
  private let optimizer: Optimizer
  private let profile: Profile?
  private let lossRow: Int?

  init(
    _ clips: any TrainingClips, _ configuration: TrainingConfiguration, _ architecture: Architecture,
    _ objective: any Objective,
    _ learner: Learner, backend: any Backend, threads: WorkerThreads, ranks: RankGroup = .alone, profile: Profile?
  ) throws {
    self.clips = clips
    self.ranks = ranks
    self.configuration = configuration
    self.learner = learner
    self.profile = profile
    lossRow = profile?.row("loss", "all")
    loader = try BatchLoader(clips, configuration, ops: backend.ops, threads: threads, ranks: ranks, profile: profile)
    optimizer = Optimizer(
      configuration.optimizer, learner, ops: backend.ops, threads: threads, profile: profile)
    gradients = FloatBuffer(learner.parameters.layout.trainableCount)
    let spectrograms = Extent(
      images: configuration.batchSize, channels: 1, height: FrontEnd.bins,
      width: FrontEnd.frames(samples: loader.samples))
    encoder = try Network(
      architecture.layers, input: spectrograms, microbatch: configuration.microbatch, parameters: learner.parameters,
      gradients: gradients, backend: backend, threads: threads,
      reduction: ranks.isAlone ? LocalReduction() : RankReduction(ranks, ops: backend.ops), profile: profile)
    let batch = configuration.batchSize
    let count = (batch + configuration.microbatch - 1) / configuration.microbatch
    rows = ranks.shares(of: count).map {
      min(batch, $0.lowerBound * configuration.microbatch)..<min(batch, $0.upperBound * configuration.microbatch)
    }
    (embeddings, targets) = (FloatBuffer(batch * architecture.width), FloatBuffer(batch * clips.width))
    loss = objective.loss(
      LossContext(
        encoder: architecture.width, target: clips.width, parameters: learner.parameters, gradients: gradients,
        backend: backend, threads: threads))
  }

  /// - Parameters:
  ///   - batch: the indices of the clips.
  ///   - number: the step's number, starting at 1.
  func run(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> TrainingOutcome {
    let own = try loader.load(batch, rows: rows, epoch: epoch, into: encoder.input.values)
    try encoder.forward()
    try gather(encoder.output.values, own)
    let ids = batch.map { clips.ids[$0] }
    let result = try profile.measure(lossRow) {
      try loss.evaluate(
        audio: self.embeddings, target: self.targets, rows: batch.count,
        dropout: { name, width in
          Dropout.factors(
            seed: self.configuration.seed, purpose: name, epoch: epoch, clips: ids, width: width)
        }, gradients: true)
    }
    guard result.loss.isFinite, let audio = result.audio else {
      throw ranks.shared(nonFinite("loss", result.loss, number, ids))
    }
    let output = encoder.output
    output.values.start.update(
      from: audio.start + encoder.rows.lowerBound * output.extent.imageCount, count: output.extent.count)
    try encoder.backward()
    let norm = optimizer.norm(gradients)
    guard norm.isFinite else { throw ranks.shared(nonFinite("gradient norm", norm, number, ids)) }
    optimizer.step(gradients, norm: norm, rate: rate, number: number)
    return TrainingOutcome(loss: result.loss, gradientNorm: norm)
  }

  /// Collects the rows of all ranks.
  private func gather(_ audio: FloatBuffer, _ target: FloatBuffer) throws {
    for (own, all) in [(audio, embeddings), (target, targets)] {
      let width = all.count / max(1, configuration.batchSize)
      (all.start + encoder.rows.lowerBound * width).update(from: own.start, count: encoder.rows.count * width)
      try ranks.exchange(all.start, rows.map { 4 * width * $0.lowerBound..<4 * width * $0.upperBound })
    }
  }

  /// The failure for a value that is not finite. Names the clips whose teacher embeddings are not finite, if there are
  /// any.
  private func nonFinite(_ what: String, _ value: Double, _ step: Int, _ ids: [String]) -> Failure {
    let bad = ids.indices.filter { row in
      !targets[row * clips.width..<(row + 1) * clips.width].allSatisfy(\.isFinite)
    }
    let blamed = bad.isEmpty ? "" : "; not finite are the embeddings of \(bad.map { ids[$0] }.joined(separator: " "))"
    return Failure(
      "training.nonfinite", "the \(what) is not finite in step \(step)", on: ids.joined(separator: " "),
      found: "\(value)\(blamed)",
      hint: bad.isEmpty
        ? "lower --learning-rate, or try --clip-gradient 1" : "prepare these clips again, or leave them out")
  }
}

extension Duration {
  /// The duration in seconds.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
