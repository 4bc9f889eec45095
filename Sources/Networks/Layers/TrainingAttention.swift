import Kernels

/// Attention in training. It keeps queries, keys, values and what the heads gave; shares are made again going back.
final class TrainingAttention: Layer, @unchecked Sendable {
  let output: Activation
  private let attention: Attention
  private let input: Activation
  private let context: TrainingContext
  /// Queries, keys and values of the whole batch; on the way back their gradients.
  private let parts: [FloatBuffer]
  private let mixed: FloatBuffer

  init(_ attention: Attention, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "Attention reads finished rows")
    (self.attention, self.input, self.context) = (attention, input, context)
    output = Activation(input.extent, context.microbatches)
    parts = (0..<3).map { _ in FloatBuffer(input.extent.count) }
    mixed = FloatBuffer(input.extent.count)
    let (tokens, columns) = (input.extent.pixels, attention.headWidth)
    context.workspace.need(
      kernel: 2 * tokens * tokens + 3 * tokens * columns, gradient: linears.reduce(0) { $0 + $1.gradientCount })
  }

  private var linears: [Linear] { attention.inputs + [attention.last] }
  private var tokens: Int { input.extent.pixels }

  /// Where a microbatch begins in a buffer of the whole batch.
  private func start(_ part: Int) -> Int { input.microbatches[part].lowerBound * input.extent.imageCount }

  /// Where the columns of each head of each image of a microbatch begin.
  private func heads(_ part: Int) -> [Int] {
    input.microbatches[part].flatMap { image in
      (0..<attention.heads).map { image * input.extent.imageCount + $0 * attention.headWidth }
    }
  }

  var forward: [Step] { [Step(run: { part, scratch in self.forward(part, scratch) })] }

  private func forward(_ part: Int, _ scratch: ThreadScratch) {
    let (rows, width, at) = (input.rows(part), attention.width, start(part))
    for (linear, buffer) in zip(attention.inputs, parts) {
      linear.forward(input.place(part), context.parameters, buffer.start + at, rows: rows)
    }
    for head in heads(part) {
      attention.shares(
        parts[0].start + head, parts[1].start + head, stride: width, tokens: tokens, context.backend.ops,
        into: scratch.kernel)
      attention.mix(
        scratch.kernel, parts[2].start + head, stride: width, tokens: tokens, into: mixed.start + head,
        mixedStride: width)
    }
    attention.last.forward(mixed.start + at, context.parameters, output.place(part), rows: rows)
  }

  var backward: [Step] {
    [
      Step(
        run: { part, scratch in self.backward(part, scratch) },
        reduce: { reduction in
          let count = self.linears.reduce(0) { $0 + $1.gradientCount }
          try reduction.finish(self.context.workspace.gradientSums.first, count: count) { sum in
            var next = sum
            for linear in self.linears {
              linear.keepGradient(next, self.context)
              next += linear.gradientCount
            }
          }
        })
    ]
  }

  private func backward(_ part: Int, _ scratch: ThreadScratch) {
    let (rows, at, x, gradient) = (input.rows(part), start(part), input.place(part), output.place(part))
    let (inputs, last) = (attention.inputs, attention.last)
    context.workspace.gradientSums.first.add(part, count: linears.reduce(0) { $0 + $1.gradientCount }) { place in
      last.weightGradient(
        gradient, mixed.start + at, rows: rows, into: place + inputs.reduce(0) { $0 + $1.gradientCount })
      last.inputGradient(gradient, context.parameters, rows: rows, into: mixed.start + at)
      for head in heads(part) { backward(head: head, scratch.kernel) }
      var to = place
      for (linear, buffer) in zip(inputs, parts) {
        linear.weightGradient(buffer.start + at, x, rows: rows, into: to)
        to += linear.gradientCount
      }
    }
    for (k, linear) in inputs.enumerated() {
      linear.inputGradient(parts[k].start + at, context.parameters, rows: rows, into: x, adds: k > 0)
    }
    input.gradientIsWritten?(part)
  }

  /// From the gradient of what one head gave to those of its queries, keys and values, written over them.
  private func backward(head: Int, _ scratch: MutableFloats) {
    let (tokens, width, columns) = (tokens, attention.width, attention.headWidth)
    let (shares, slopes) = (scratch, scratch + tokens * tokens)
    let gradients = (0..<3).map { slopes + tokens * tokens + $0 * tokens * columns }
    let places = parts.map { $0.start + head }
    let gradient = mixed.start + head
    attention.shares(places[0], places[1], stride: width, tokens: tokens, context.backend.ops, into: shares)
    Matrix.multiply(
      shares, aTransposed: true, gradient, bStride: width, into: gradients[2], m: tokens, n: columns, k: tokens)
    Matrix.multiply(
      gradient, aStride: width, places[2], bTransposed: true, bStride: width, into: slopes, m: tokens, n: tokens,
      k: columns)
    for row in 0..<tokens {
      var mean = 0.0
      for i in row * tokens..<(row + 1) * tokens { mean += Double(slopes[i]) * Double(shares[i]) }
      for i in row * tokens..<(row + 1) * tokens { slopes[i] = (slopes[i] - Float(mean)) * shares[i] }
    }
    Matrix.multiply(
      slopes, places[1], bStride: width, into: gradients[0], m: tokens, n: columns, k: tokens, alpha: attention.scale)
    Matrix.multiply(
      slopes, aTransposed: true, places[0], bStride: width, into: gradients[1], m: tokens, n: columns, k: tokens,
      alpha: attention.scale)
    for (place, made) in zip(places, gradients) {
      for row in 0..<tokens { (place + row * width).update(from: made + row * columns, count: columns) }
    }
  }
}
