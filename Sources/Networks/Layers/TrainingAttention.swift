import Kernels

/// Attention in training, to an image's own tokens or to its memory. It keeps queries, keys, values and the heads'
/// outputs; the backward pass recomputes the attention weights.
final class TrainingAttention: Layer, @unchecked Sendable {
  let output: Activation
  private let core: AttentionHeads
  private let inputs: [Linear]
  private let last: Linear
  private let input: Activation
  /// The source of keys and values; nil: the input.
  private let memory: TrainingMemory?
  private let context: TrainingContext
  /// Queries, keys and values of the whole batch; in the backward pass, their gradients.
  private let parts: [Activation]
  private let mixed: Activation

  convenience init(_ attention: Attention, _ input: Activation, _ context: TrainingContext) {
    self.init(attention.core, attention.inputs, attention.last, input, memory: nil, context)
  }

  /// - Parameter inputs: the linear layers of queries, keys and values.
  init(
    _ core: AttentionHeads, _ inputs: [Linear], _ last: Linear, _ input: Activation, memory: TrainingMemory?,
    _ context: TrainingContext
  ) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "Attention reads finished rows")
    (self.core, self.inputs, self.last, self.input) = (core, inputs, last, input)
    (self.memory, self.context) = (memory, context)
    let rows = { (like: Activation) in
      Activation(like.extent.rows(of: core.width), context.microbatches, counts: like.counts)
    }
    let seen = memory?.activation ?? input
    parts = [rows(input), rows(seen), rows(seen)]
    (mixed, output) = (rows(input), rows(input))
    context.workspace.need(
      kernel: core.scratchCount(rows: (input.extent.pixels, seen.extent.pixels)),
      gradient: (inputs + [last]).reduce(0) { $0 + $1.gradientCount })
  }

  /// The sources of queries, keys and values.
  private var sources: [Activation] { [input, memory?.activation ?? input, memory?.activation ?? input] }

  var forward: [Step] { [Step(run: { part, scratch in self.forward(part, scratch) })] }

  private func forward(_ part: Int, _ scratch: ThreadScratch) {
    for (k, linear) in inputs.enumerated() {
      linear.forward(
        sources[k].place(part), context.parameters, parts[k].place(part), rows: sources[k].rows(part))
    }
    each(part) { query, key, rows in
      core.shares(
        parts[0].place(part) + query, parts[1].place(part) + key, stride: core.width, rows: rows, context.backend.ops,
        into: scratch.kernel)
      core.mix(
        scratch.kernel, parts[2].place(part) + key, stride: core.width, rows: rows, into: mixed.place(part) + query,
        mixedStride: core.width)
    }
    last.forward(mixed.place(part), context.parameters, output.place(part), rows: input.rows(part))
  }

  /// Calls `body` for each head of each image with the starts of its queries and keys in the microbatch, and their
  /// numbers.
  private func each(_ part: Int, _ body: (_ query: Int, _ key: Int, _ rows: (queries: Int, keys: Int)) -> Void) {
    for (own, seen) in zip(input.images(part), sources[1].images(part)) where !own.isEmpty {
      for column in core.columns {
        body(
          own.lowerBound * core.width + column, seen.lowerBound * core.width + column, (own.count, seen.count))
      }
    }
  }

  private var gradientCount: Int { (inputs + [last]).reduce(0) { $0 + $1.gradientCount } }

  var backward: [Step] {
    [
      Step(
        run: { part, scratch in self.backward(part, scratch) },
        reduce: { reduction in
          try reduction.finish(self.context.workspace.gradientSums.first, count: self.gradientCount) { sum in
            var next = sum
            for linear in self.inputs + [self.last] {
              linear.keepGradient(next, self.context)
              next += linear.gradientCount
            }
          }
        })
    ]
  }

  private func backward(_ part: Int, _ scratch: ThreadScratch) {
    let (rows, ops, gradient) = (input.rows(part), context.backend.ops, output.place(part))
    context.workspace.gradientSums.first.add(part, count: gradientCount) { place in
      last.weightGradient(
        gradient, mixed.place(part), rows: rows, ops, into: place + inputs.reduce(0) { $0 + $1.gradientCount })
      last.inputGradient(gradient, context.parameters, rows: rows, into: mixed.place(part))
      each(part) { query, key, rows in
        core.backward(
          gradient: mixed.place(part) + query, queries: parts[0].place(part) + query, keys: parts[1].place(part) + key,
          values: parts[2].place(part) + key, rows: rows, ops, scratch.kernel)
      }
      var to = place
      for (k, linear) in inputs.enumerated() {
        linear.weightGradient(
          parts[k].place(part), sources[k].place(part), rows: sources[k].rows(part), ops, into: to)
        to += linear.gradientCount
      }
    }
    for (k, linear) in inputs.enumerated() {
      let place = k == 0 ? input.place(part) : memory?.gradientPlace(part) ?? input.place(part)
      linear.inputGradient(
        parts[k].place(part), context.parameters, rows: sources[k].rows(part), into: place, adds: k > 0)
    }
    input.gradientIsWritten?(part)
  }
}
