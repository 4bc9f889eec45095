import Audio
import Basics
import Glibc
import Kernels

/// One step of training: a batch's sounds and vectors in, moved weights out.
final class TrainingStep: @unchecked Sendable {
  struct Outcome {
    var loss: Double
    var gradientNorm: Double
  }

  private let clips: any TrainingClips
  private let configuration: TrainingConfiguration
  private let student: Student
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let encoder: EncoderTraining
  private let loss: any DistillationLoss
  private let gradients: FloatBuffer
  private let loader: BatchLoader
  private let optimizer: Optimizer
  private let profile: Profile?
  private let lossRow: Int?

  init(
    _ clips: any TrainingClips, _ configuration: TrainingConfiguration, _ student: Student, kernels: any KernelSource,
    threads: WorkerThreads, profile: Profile?
  ) throws {
    self.clips = clips
    self.configuration = configuration
    self.student = student
    self.kernels = kernels
    self.threads = threads
    self.profile = profile
    lossRow = profile?.row("loss", "all")
    loader = try BatchLoader(clips, configuration, kernels: kernels, threads: threads, profile: profile)
    optimizer = Optimizer(
      configuration.optimizer, student, layers: kernels.layers, threads: threads, profile: profile)
    encoder = try EncoderTraining(
      student.architecture, batch: configuration.batchSize, microbatch: configuration.microbatch, height: FrontEnd.bins,
      width: FrontEnd.frames(samples: loader.samples), kernels: kernels, threads: threads, profile: profile)
    loss = try Distillation.loss(named: configuration.loss).init(width: student.architecture.width)
    gradients = FloatBuffer(student.parameters.layout.trainableCount)
  }

  /// - Parameters:
  ///   - batch: numbers of clips.
  ///   - number: of the step, counted from 1.
  func run(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> Outcome {
    let images = try loader.load(batch, epoch: epoch, into: encoder.spectrograms)
    let parameters = student.parameters
    try encoder.forward(parameters)
    let ids = batch.map { clips.ids[$0] }
    let result = profile.measure(lossRow) {
      loss.evaluate(
        audio: encoder.embeddings, image: images, rows: batch.count, parameters,
        keep: { purpose in
          Dropout.factors(
            seed: self.configuration.seed, purpose: purpose, epoch: epoch, clips: ids,
            width: self.student.architecture.width)
        }, gradients: gradients)
    }
    guard result.loss.isFinite, let audio = result.audio else {
      throw nonFinite("loss", result.loss, number, ids, images)
    }
    try encoder.backward(audio, parameters, into: gradients)
    let norm = optimizer.norm(gradients)
    guard norm.isFinite else { throw nonFinite("gradient norm", norm, number, ids, images) }
    optimizer.step(gradients, norm: norm, rate: rate, number: number)
    return Outcome(loss: result.loss, gradientNorm: norm)
  }

  /// Names the clips whose vectors are to blame, where they are.
  private func nonFinite(_ what: String, _ value: Double, _ step: Int, _ ids: [String], _ images: FloatBuffer)
    -> Failure
  {
    let bad = ids.indices.filter { row in
      !images[row * clips.width..<(row + 1) * clips.width].allSatisfy(\.isFinite)
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
