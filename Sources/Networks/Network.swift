import Basics
import Kernels

/// A network in training, for one batch size: its layers' steps, joined once.
///
/// The batch is cut into microbatches of fixed size, of which this process may have some alone (`Reduction.share`); the
/// others are run elsewhere at the same time. Steps that nothing reduces in between run in one phase, in which
/// microbatches run side by side; a phase ends where they meet. Buffers live as long as the network: a step allocates
/// nothing.
package final class Network: Sendable {
  /// What the caller fills before `forward`: this process's images.
  package let input: Activation
  /// `forward`'s result for these images; the caller writes its gradient over it before `backward`.
  package let output: Activation
  /// Which of the batch's images are this process's.
  package var rows: Range<Int> { context.microbatches.rows }

  private let layers: [any Layer]
  private let context: TrainingContext
  private let reduction: any Reduction
  private let forwardPhases: [Phase]
  private let backwardPhases: [Phase]

  /// - Parameters:
  ///   - input: of the whole batch.
  ///   - microbatch: images that one thread takes at a time; part of what fixes the bits. Nil: all at once.
  ///   - parameters: read by forward and backward; running statistics move in forward.
  ///   - gradients: as long as `parameters.trainable`; backward writes those of its layers' parameters, and no others.
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

  /// From `input` to `output`; running statistics move.
  /// - Parameters:
  ///   - dropout: factors by the layer's name; nil in evaluation.
  ///   - keys: the same for layers that make factors in passing.
  ///   - counts: of layers whose images have different numbers of rows, those of this process's images; where nothing
  ///     is said, all rows that there can be.
  package func forward(
    dropout: DropoutFactors? = nil, keys: DropoutKeys? = nil, counts: [RowCounts.Stream: [Int]] = [:]
  ) throws {
    (context.pass.dropout, context.pass.dropoutKeys) = (dropout, keys)
    for stream in RowCounts.Stream.allCases { context.pass.set(stream, counts[stream]) }
    try prepare(for: .forward)
    for phase in forwardPhases { try run(phase) }
  }

  /// From the gradient in `output` to gradients of all weights, and where a layer passes it on, that of `input`, in its
  /// place. Uses up what `forward` kept.
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

/// Steps that nothing reduces in between, and the reduction after them.
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
