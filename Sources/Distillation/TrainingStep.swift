import Basics
import Glibc
import Kernels

/// One step of training: a batch's sounds and vectors in, moved weights out.
final class TrainingStep: @unchecked Sendable {
  struct Outcome {
    var loss: Double
    var gradientNorm: Double
    /// Seconds that the batch's loading and spectrograms took.
    var loadingSeconds: Double
  }

  private let clips: any TrainingClips
  private let configuration: TrainingConfiguration
  private let student: Student
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let encoder: EncoderTraining
  private let loss: any DistillationLoss
  private let gradients: FloatBuffer
  /// The clip whose vectors each clip is trained on.
  private let teachers: [Int]
  private let profile: Profile?
  private let rows: (sound: Int, loss: Int, adam: Int)?

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
    rows = profile.map {
      (
        $0.row("sound", "decode", slots: configuration.batchSize), $0.row("loss", "all"),
        $0.row("all", "Adam", slots: threads.count)
      )
    }
    encoder = try EncoderTraining(
      student.architecture, batch: configuration.batchSize, microbatch: configuration.microbatch, height: FrontEnd.bins,
      width: FrontEnd.frames(samples: clips.samples), kernels: kernels, threads: threads, profile: profile)
    loss = try Distillation.loss(named: configuration.loss).init(width: student.architecture.width)
    gradients = FloatBuffer(student.parameters.layout.trainableCount)
    teachers =
      configuration.shuffleTeacher
      ? TrainingOrder.shuffledTeachers(seed: configuration.seed, count: clips.ids.count) : Array(clips.ids.indices)
  }

  /// - Parameters:
  ///   - batch: numbers of clips.
  ///   - number: of the step, counted from 1.
  func run(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> Outcome {
    let start = ContinuousClock.now
    let images = try load(batch)
    let loading = (ContinuousClock.now - start).seconds
    let parameters = student.parameters
    try encoder.forward(parameters)
    let ids = batch.map { clips.ids[$0] }
    let result = profile.measure(rows?.loss) {
      loss.evaluate(
        audio: encoder.embeddings, image: images, rows: batch.count, parameters,
        keep: { purpose in
          Dropout.factors(
            seed: self.configuration.seed, purpose: purpose, epoch: epoch, clips: ids,
            width: self.student.architecture.width)
        }, gradients: gradients)
    }
    guard result.loss.isFinite, let audio = result.audio else { throw nonFinite("loss", result.loss, number, ids) }
    try encoder.backward(audio, parameters, into: gradients)
    let norm = gradientNorm()
    guard norm.isFinite else { throw nonFinite("gradient norm", norm, number, ids) }
    adam(AdamStep(rate: rate, number: number))
    return Outcome(loss: result.loss, gradientNorm: norm, loadingSeconds: loading)
  }

  /// Fills the encoder's input and returns the teacher's means, `[batch, width]`.
  private func load(_ batch: [Int]) throws -> FloatBuffer {
    let width = clips.width
    let images = FloatBuffer(batch.count * width)
    try threads.tryForEach(batch.count) { row, _ in
      let target = try self.clips.target(self.teachers[batch[row]])
      guard target.count == width else {
        throw Failure.vectorWidth(self.clips.ids[batch[row]], found: target.count, expected: width)
      }
      (images.start + row * width).update(from: target, count: width)
    }
    let failures = FailureBox()
    FrontEnd.compute(
      clips: batch.count, samples: clips.samples, scope: configuration.normalization, kernels: kernels.layers,
      threads: threads,
      waveform: { row, place in
        self.profile.measure(self.rows?.sound, slot: row) {
          failures.collect(row) { try self.clips.waveform(batch[row], into: place) }
        }
      },
      into: encoder.spectrograms)
    try failures.throwFirst()
    return images
  }

  /// The length of the whole gradient, summed array by array.
  private func gradientNorm() -> Double {
    let slots = student.parameters.layout.trainable
    let sums = DoubleBuffer(slots.count)
    threads.forEach(slots.count) { index, _ in
      let slot = slots[index]
      let (mean, squares) = self.kernels.layers.moments(slot.count, self.gradients.start + slot.offset)
      sums.start[index] = squares + mean * mean * Double(slot.count)
    }
    return (0..<slots.count).reduce(0) { $0 + sums.start[$1] }.squareRoot()
  }

  private func adam(_ step: AdamStep) {
    let (piece, count) = (262_144, gradients.count)
    threads.forEach((count + piece - 1) / piece) { item, thread in
      let at = item * piece
      self.profile.measure(self.rows?.adam, slot: thread) {
        self.kernels.layers.adam(
          min(piece, count - at), parameter: self.student.parameters.trainable.start + at,
          gradient: self.gradients.start + at,
          first: self.student.first.start + at, second: self.student.second.start + at, step: step)
      }
    }
  }

  private func nonFinite(_ what: String, _ value: Double, _ step: Int, _ ids: [String]) -> Failure {
    Failure(
      "training.nonfinite", "the \(what) is not finite in step \(step)", on: ids.joined(separator: " "),
      found: "\(value)",
      hint: "the last checkpoint is whole; look at these clips' vectors, or lower --learning-rate")
  }
}

extension Duration {
  /// The duration as a number.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
