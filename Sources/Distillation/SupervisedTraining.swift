import Audio
import Basics
import Kernels

/// The same network trained from labels alone: the baseline that a frozen embedding is held against.
///
/// A random encoder with one linear layer on top, Adam, half a cosine from the base rate to 0; the epoch with the least
/// loss on the validation clips is kept. A function of the configuration, the sounds and the libraries alone.
package final class SupervisedTraining {
  package struct Configuration: Sendable, Equatable {
    package var epochs = 40
    package var batchSize = 32
    package var learningRate = 1e-3
    package var microbatch = 8
    package var seed: UInt64 = 0

    package init() {}
  }

  /// Sounds of equal length with their labels.
  package struct Data: Sendable {
    /// Names the clips: their order in an epoch depends on it.
    package var names: [String]
    package var samples: Int
    package var waveform: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
    /// `[clips, classes]`, 0 or 1.
    package var targets: [Float]
    package var classes: Int
    package var loss: LabelLoss

    package init(
      names: [String], samples: Int, targets: [Float], classes: Int, loss: LabelLoss,
      waveform: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
    ) {
      (self.names, self.samples, self.waveform) = (names, samples, waveform)
      (self.targets, self.classes, self.loss) = (targets, classes, loss)
    }
  }

  /// How often the validation clips are looked at, at most about.
  private static let mostLooks = 40

  private let data: Data
  private let configuration: Configuration
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let student: Student
  private let head: ClassificationHead

  package init(
    _ data: Data, _ configuration: Configuration, kernels: any KernelSource, threads: WorkerThreads,
    architecture: EncoderArchitecture = EncoderArchitecture()
  ) {
    self.data = data
    self.configuration = configuration
    self.kernels = kernels
    self.threads = threads
    student = Student(
      architecture, ParameterLayout(architecture: architecture, projections: [], temperatures: []))
    student.parameters.initialise(seed: configuration.seed)
    head = ClassificationHead(width: architecture.width, classes: data.classes, seed: configuration.seed)
  }

  /// - Parameters:
  ///   - fit: numbers of the clips to learn from, two at least.
  ///   - validation: those that choose the epoch; empty takes the last.
  ///   - progress: called after each epoch with its number and the losses.
  /// - Throws: `Interruption.failure`; `Failure` for a loss that is not finite.
  package func train(
    _ fit: [Int], validation: [Int], progress: (_ epoch: Int, _ loss: Double, _ validationLoss: Double?) -> Void
  ) throws {
    let batch = min(configuration.batchSize, fit.count)
    guard batch >= 2 else { throw Failure.tooFewClips(fit.count, batchSize: 2) }
    let encoder = try EncoderTraining(
      student.architecture, batch: batch, microbatch: configuration.microbatch, height: FrontEnd.bins,
      width: FrontEnd.frames(samples: data.samples), kernels: kernels, threads: threads)
    let gradients = FloatBuffer(student.parameters.layout.trainableCount)
    let names = fit.map { data.names[$0] }
    // Looking at the validation clips costs as much as several steps of a small set.
    let pause = max(1, configuration.epochs / Self.mostLooks)
    var (step, best) = (0, (loss: Double.infinity, state: copy()))
    for epoch in 0..<configuration.epochs {
      let order = TrainingOrder.epoch(epoch, seed: configuration.seed, ids: names)
      let rate = CosineSchedule().rate(
        base: configuration.learningRate, epoch: epoch, epochs: configuration.epochs, state: [:])
      var (sum, batches) = (0.0, 0)
      for start in stride(from: 0, through: fit.count - batch, by: batch) {
        if Interruption.isRequested { throw Interruption.failure }
        step += 1
        sum += try self.step(
          order[start..<start + batch].map { fit[$0] }, encoder, gradients, AdamStep(rate: rate, number: step))
        batches += 1
      }
      let isLooked = (epoch + 1) % pause == 0 || epoch + 1 == configuration.epochs
      let loss = validation.isEmpty || !isLooked ? nil : try self.loss(validation)
      if let loss, loss < best.loss { best = (loss, copy()) }
      progress(epoch + 1, sum / Double(max(1, batches)), loss)
    }
    if !validation.isEmpty, best.loss.isFinite { restore(best.state) }
  }

  private func step(_ batch: [Int], _ encoder: EncoderTraining, _ gradients: FloatBuffer, _ adam: AdamStep) throws
    -> Double
  {
    let waveform = data.waveform
    FrontEnd.compute(
      clips: batch.count, samples: data.samples, scope: .clip, kernels: kernels.layers, threads: threads,
      waveform: { row, place in waveform(batch[row], place) }, into: encoder.spectrograms)
    try encoder.forward(student.parameters)
    let logits = head.forward(encoder.embeddings, rows: batch.count)
    let slope = FloatBuffer(batch.count * data.classes)
    let loss = data.loss.evaluate(
      logits.start, targets: targets(batch), rows: batch.count, classes: data.classes, slope: slope.start)
    guard loss.isFinite else {
      throw Failure("supervised.nonfinite", "the supervised baseline's loss is not finite", found: "\(loss)")
    }
    let inner = head.backward(slope, encoder.embeddings, rows: batch.count)
    try encoder.backward(inner, student.parameters, into: gradients)
    kernels.layers.adam(
      gradients.count, parameter: student.parameters.trainable.start, gradient: gradients.start,
      first: student.first.start, second: student.second.start, step: adam)
    head.update(adam, kernels.layers)
    return loss
  }

  private func targets(_ clips: [Int]) -> [Float] {
    clips.flatMap { data.targets[$0 * data.classes..<($0 + 1) * data.classes] }
  }

  private func loss(_ clips: [Int]) throws -> Double {
    data.loss.evaluate(
      try scores(clips), targets: targets(clips), rows: clips.count, classes: data.classes)
  }

  /// `[clips, classes]`, with the batch norms' running statistics.
  package func scores(_ clips: [Int]) throws -> [Float] {
    let embedder = try Embedder(
      student.parameters, student.architecture, samples: data.samples, project: false, kernels: kernels,
      threads: threads)
    var result: [Float] = []
    let (piece, waveform) = (64, data.waveform)
    for start in stride(from: 0, to: clips.count, by: piece) {
      let part = Array(clips[start..<min(clips.count, start + piece)])
      let embedded = try embedder.embed(part.count, scope: .clip) { row, place in waveform(part[row], place) }
      result += head.forward(embedded, rows: part.count).values
    }
    return result
  }

  private var buffers: [FloatBuffer] { [student.parameters.trainable, student.parameters.running, head.parameters] }
  private func copy() -> [[Float]] { buffers.map(\.values) }
  private func restore(_ state: [[Float]]) {
    for (buffer, values) in zip(buffers, state) { buffer.start.update(from: values, count: values.count) }
  }
}

/// Embeddings to class scores: one linear layer with Adam's moments.
private final class ClassificationHead {
  /// Weights `[classes, width]`, then biases.
  let parameters: FloatBuffer
  private let width: Int
  private let classes: Int
  private let gradients: FloatBuffer
  private let first: FloatBuffer
  private let second: FloatBuffer

  init(width: Int, classes: Int, seed: UInt64) {
    (self.width, self.classes) = (width, classes)
    let count = classes * width + classes
    (parameters, gradients, first, second) = (
      FloatBuffer(count), FloatBuffer(count), FloatBuffer(count), FloatBuffer(count)
    )
    var random = SeededRandom(seed: seed, for: "classifier")
    let bound = 1 / Double(width).squareRoot()
    for i in 0..<count { parameters.start[i] = Float((2 * random.uniform() - 1) * bound) }
  }

  func forward(_ x: FloatBuffer, rows: Int) -> FloatBuffer {
    let result = FloatBuffer(rows * classes)
    for row in 0..<rows {
      (result.start + row * classes).update(from: parameters.start + classes * width, count: classes)
    }
    Matrix.multiply(
      x.start, parameters.start, bTransposed: true, into: result.start, m: rows, n: classes, k: width, beta: 1)
    return result
  }

  /// Keeps the gradients of the layer and returns that of its input.
  func backward(_ slope: FloatBuffer, _ x: FloatBuffer, rows: Int) -> FloatBuffer {
    Matrix.multiply(slope.start, aTransposed: true, x.start, into: gradients.start, m: classes, n: width, k: rows)
    for c in 0..<classes {
      var sum = 0.0
      for row in 0..<rows { sum += Double(slope.start[row * classes + c]) }
      gradients.start[classes * width + c] = Float(sum)
    }
    let inner = FloatBuffer(rows * width)
    Matrix.multiply(slope.start, parameters.start, into: inner.start, m: rows, n: width, k: classes)
    return inner
  }

  func update(_ step: AdamStep, _ kernels: any LayerKernels) {
    kernels.adam(
      parameters.count, parameter: parameters.start, gradient: gradients.start, first: first.start,
      second: second.start, step: step)
  }
}
