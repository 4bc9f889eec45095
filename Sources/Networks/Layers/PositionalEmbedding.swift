import Kernels

/// Adds to each token a learned row for its position.
package struct PositionalEmbedding: LayerDescription {
  /// The parameter, `[tokens, width]`.
  package let name: String
  /// Tokens of the longest input.
  package let tokens: Int
  package let width: Int

  package init(_ name: String, tokens: Int, width: Int) {
    (self.name, self.tokens, self.width) = (name, tokens, width)
  }

  package var parameters: [ParameterSpec] {
    [ParameterSpec(name, [tokens, width], initial: .normal(mean: 0, deviation: 0.01), decays: true)]
  }

  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingPositionalEmbedding(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    precondition(input.pixels <= tokens, "\(input.pixels) tokens of \(tokens)")
    return FrozenPositionalEmbedding(
      output: input, rows: Floats(context.weights.parameters.weights(name)), ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(name, parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    var y = x
    for n in 0..<x.images {
      for c in 0..<x.channels {
        for t in 0..<x.width { y.values[y.offset(n, c, 0, t)] += values[name][t * width + c] }
      }
    }
    return y
  }
}

private final class TrainingPositionalEmbedding: Layer, @unchecked Sendable {
  let output: Activation
  private let embedding: PositionalEmbedding
  private let input: Activation
  private let context: TrainingContext

  init(_ embedding: PositionalEmbedding, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "PositionalEmbedding reads finished rows")
    precondition(input.extent.pixels <= embedding.tokens, "\(input.extent.pixels) tokens of \(embedding.tokens)")
    (self.embedding, self.input, self.context) = (embedding, input, context)
    output = Activation(input.extent, context.microbatches, counts: input.counts)
    context.workspace.need(gradient: input.extent.imageCount)
  }

  private var count: Int { input.extent.imageCount }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        let (x, y) = (self.input.place(part), self.output.place(part))
        y.update(from: x, count: self.input.count(part))
        for rows in self.input.images(part) {
          self.context.backend.ops.add(
            rows.count * self.embedding.width, y + rows.lowerBound * self.embedding.width,
            self.context.parameters.weights(self.embedding.name))
        }
      })
    ]
  }

  var backward: [Step] {
    [
      Step(
        run: { part, _ in self.backward(part) },
        reduce: { reduction in
          try reduction.finish(self.context.workspace.gradientSums.first, count: self.count) { sum in
            let gradient = self.context.gradient(self.embedding.name)
            gradient.update(repeating: 0, count: self.embedding.tokens * self.embedding.width)
            gradient.update(from: sum, count: self.count)
          }
        })
    ]
  }

  private func backward(_ part: Int) {
    let gradient = output.place(part)
    context.workspace.gradientSums.first.add(part, count: count) { place in
      place.update(repeating: 0, count: count)
      for rows in input.images(part) {
        context.backend.ops.add(
          rows.count * embedding.width, place, gradient + rows.lowerBound * embedding.width)
      }
    }
    input.place(part).update(from: gradient, count: input.count(part))
    input.gradientIsWritten?(part)
  }
}

private struct FrozenPositionalEmbedding: FrozenLayer {
  let output: Extent
  nonisolated(unsafe) let rows: Floats
  let ops: any Ops

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    y.update(from: x, count: images * output.imageCount)
    for image in 0..<images { ops.add(output.imageCount, y + image * output.imageCount, rows) }
  }
}
