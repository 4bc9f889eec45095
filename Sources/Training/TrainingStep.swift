import Audio
import Basics
import Glibc
import Kernels
import Networks

/// One step of training: a batch's sounds and vectors in, moved weights out.
final class TrainingStep: @unchecked Sendable {
  struct Outcome {
    var loss: Double
    var gradientNorm: Double
  }

  private let clips: any TrainingClips
  private let configuration: TrainingConfiguration
  private let learner: Learner
  private let encoder: Network
  private let loss: any TrainingLoss
  private let gradients: FloatBuffer
  private let loader: BatchLoader
  private let optimizer: Optimizer
  private let profile: Profile?
  private let lossRow: Int?

  init(
    _ clips: any TrainingClips, _ configuration: TrainingConfiguration, _ architecture: Architecture,
    _ objective: any Objective,
    _ learner: Learner, backend: any Backend, threads: WorkerThreads, profile: Profile?
  ) throws {
    self.clips = clips
    self.configuration = configuration
    self.learner = learner
    self.profile = profile
    lossRow = profile?.row("loss", "all")
    loader = try BatchLoader(clips, configuration, ops: backend.ops, threads: threads, profile: profile)
    optimizer = Optimizer(
      configuration.optimizer, learner, ops: backend.ops, threads: threads, profile: profile)
    gradients = FloatBuffer(learner.parameters.layout.trainableCount)
    let spectrograms = Extent(
      images: configuration.batchSize, channels: 1, height: FrontEnd.bins,
      width: FrontEnd.frames(samples: loader.samples))
    encoder = try Network(
      architecture.layers, input: spectrograms, microbatch: configuration.microbatch, parameters: learner.parameters,
      gradients: gradients, backend: backend, threads: threads, profile: profile)
    loss = objective.loss(
      LossContext(
        encoder: architecture.width, target: clips.width, parameters: learner.parameters, gradients: gradients,
        backend: backend, threads: threads))
  }

  /// - Parameters:
  ///   - batch: numbers of clips.
  ///   - number: of the step, counted from 1.
  func run(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> Outcome {
    let targets = try loader.load(batch, epoch: epoch, into: encoder.input.values)
    try encoder.forward()
    let ids = batch.map { clips.ids[$0] }
    let result = try profile.measure(lossRow) {
      try loss.evaluate(
        audio: encoder.output.values, target: targets, rows: batch.count,
        dropout: { name, width in
          Dropout.factors(
            seed: self.configuration.seed, purpose: name, epoch: epoch, clips: ids, width: width)
        }, gradients: true)
    }
    guard result.loss.isFinite, let audio = result.audio else {
      throw nonFinite("loss", result.loss, number, ids, targets)
    }
    encoder.output.values.start.update(from: audio.start, count: encoder.output.extent.count)
    try encoder.backward()
    let norm = optimizer.norm(gradients)
    guard norm.isFinite else { throw nonFinite("gradient norm", norm, number, ids, targets) }
    optimizer.step(gradients, norm: norm, rate: rate, number: number)
    return Outcome(loss: result.loss, gradientNorm: norm)
  }

  /// Names the clips whose vectors are to blame, where they are.
  private func nonFinite(_ what: String, _ value: Double, _ step: Int, _ ids: [String], _ targets: FloatBuffer)
    -> Failure
  {
    let bad = ids.indices.filter { row in
      !targets[row * clips.width..<(row + 1) * clips.width].allSatisfy(\.isFinite)
    }
    let vectors = bad.isEmpty ? "" : "; not finite are the vectors of \(bad.map { ids[$0] }.joined(separator: " "))"
    return Failure(
      "training.nonfinite", "the \(what) is not finite in step \(step)", on: ids.joined(separator: " "),
      found: "\(value)\(vectors)",
      hint: bad.isEmpty
        ? "lower --learning-rate, or try --clip-gradient 1" : "prepare these clips again, or leave them out")
  }
}

extension Duration {
  /// The duration as a number.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
