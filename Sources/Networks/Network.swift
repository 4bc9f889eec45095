import Basics
import Kernels

/// A network in training, for one batch size. The steps of its layers are combined into phases once.
///
/// The batch is divided into microbatches of fixed size. This process may have only some of them (`Reduction.share`);
/// others run elsewhere at the same time. Consecutive steps without a reduction between them form a phase, in which
/// microbatches run in parallel; a phase ends with a reduction. Buffers live as long as the network: a step allocates
/// nothing.
package final class Network: Sendable {
  /// This process's images; the caller fills them before `forward`.
  package let input: Activation
  /// The result of `forward` for these images; the caller overwrites it with its gradient before `backward`.
  package let output: Activation
  /// This process's images, as a range of the batch's images.
  package var rows: Range<Int> { context.microbatches.rows }

  private let layers: [any Layer]
  private let context: TrainingContext
  private let reduction: any Reduction
  private let forwardPhases: [Phase]
  private let backwardPhases: [Phase]

  /// - Parameters:
  ///   - input: the input of the whole batch.
  ///   - microbatch: images that one thread takes at a time; it affects the bits. Nil: all at once.
  ///   - parameters: read by forward and backward; forward updates the running statistics.
  ///   - gradients: as long as `parameters.trainable`; backward writes only those of its layers' parameters.
  package init(
    _ layers: [any LayerDescription], input: Extent, microbatch: Int? = nil, parameters: Parameters,
    gradients: FloatBuffer, backend: any Backend, threads: WorkerThreads, reduction: any Reduction = LocalReduction(),
    profile: Profile? = nil
  ) throws {
    let microbatches = Microbatches(
      batch: input.images, size: microbatch ?? input.images, share: reduction.share(of:))
    context = TrainingContext(
      parameters: parameters, gradients: gradients, microbatches: microbatches, backend: backend, threads: threads,
      workspace: Workspace(), pass: Pass(), profile: profile)
    self.reduction = reduction
    self.input = Activation(input.with(images: microbatches.images), microbatches)
    var (made, last) = ([any Layer](), self.input)
    for description in layers {
      let layer = try description.training(last, context)
      made.append(layer)
      last = layer.output
    }
    (self.layers, output) = (made, last)
    context.workspace.allocate(threads: threads.count, microbatches, reduction, ops: backend.ops)
    forwardPhases = Phase.join(made.flatMap(\.forward))
    backwardPhases = Phase.join(made.reversed().flatMap(\.backward))
  }

  /// Computes `output` from `input` and updates the running statistics.
  /// - Parameters:
  ///   - dropout: factors by the layer's name; nil in evaluation.
  ///   - keys: the same for layers that compute factors on the fly.
  ///   - counts: by stream, the numbers of rows of this process's images; for a missing stream, the largest number.
  package func forward(
    dropout: DropoutFactors? = nil, keys: DropoutKeys? = nil, counts: [RowCounts.Stream: [Int]] = [:]
  ) throws {
    (context.pass.dropout, context.pass.dropoutKeys) = (dropout, keys)
    for stream in RowCounts.Stream.allCases { context.pass.set(stream, counts[stream]) }
    try prepare(for: .forward)
    for phase in forwardPhases { try run(phase) }
  }

  /// Computes the gradients of all weights from the gradient in `output`. If the first layer passes its input's
  /// gradient on, it overwrites `input`. Also overwrites the values that `forward` kept.
  package func backward() throws {
    try prepare(for: .backwardData)
    for phase in backwardPhases { try run(phase) }
    try reduction.settle()
  }

  private func prepare(for pass: ConvolutionPass) throws {
    let work = layers.flatMap { $0.preparation(for: pass) }
    try context.threads.tryForEach(work.count) { item, _ in try work[item]() }
  }

  private func run(_ phase: Phase) throws {
    if !phase.runs.isEmpty {
      context.workspace.resetSums()
      try context.threads.tryForEach(context.microbatches.count) { part, thread in
        let scratch = self.context.workspace.scratch(thread)
        for run in phase.runs { try run(part, scratch) }
      }
    }
    try phase.reduce?(reduction)
  }
}

/// Consecutive steps without a reduction between them, and the reduction after them.
private struct Phase: Sendable {
  var runs: [@Sendable (_ part: Int, _ scratch: ThreadScratch) throws -> Void] = []
  var reduce: (@Sendable (any Reduction) throws -> Void)?

  static func join(_ steps: [Step]) -> [Phase] {
    var phases: [Phase] = []
    var open = Phase()
    for step in steps {
      if let run = step.run { open.runs.append(run) }
      guard let reduce = step.reduce else { continue }
      open.reduce = reduce
      phases.append(open)
      open = Phase()
    }
    return open.runs.isEmpty ? phases : phases + [open]
  }
}
