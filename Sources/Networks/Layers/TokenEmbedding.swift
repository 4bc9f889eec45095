import Kernels

/// Each id of a row of ids becomes its row of a matrix. Ids are whole numbers in floats, which hold them exactly below
/// 2²⁴; one outside the vocabulary counts as the nearer end of it.
package struct TokenEmbedding: LayerDescription {
  /// What the parameter's name begins with: `….weight`, `[vocabulary, width]`.
  package let name: String
  package let vocabulary: Int
  package let width: Int

  package init(_ name: String, vocabulary: Int, width: Int) {
    (self.name, self.vocabulary, self.width) = (name, vocabulary, width)
  }

  var weight: String { "\(name).weight" }

  package var parameters: [ParameterSpec] {
    [ParameterSpec(weight, [vocabulary, width], initial: .normal(mean: 0, deviation: 0.02), decays: true)]
  }

  /// - Parameter input: a row of ids for each image.
  package func output(_ input: Extent) -> Extent {
    .tokens(images: input.images, count: input.imageCount, width: width)
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingTokenEmbedding(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenTokenEmbedding(
      embedding: self, output: output(input.with(images: 1)), numbers: context.weights.matrix(weight).numbers)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(name, parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    var y = PlainTensor(images: x.images, channels: width, width: x.values.count / x.images)
    for n in 0..<y.images {
      for t in 0..<y.width {
        let id = id(Float(x.values[n * y.width + t]))
        for c in 0..<width { y.values[y.offset(n, c, 0, t)] = values[weight][id * width + c] }
      }
    }
    return y
  }

  fileprivate func id(_ value: Float) -> Int { value > 0 ? Int(min(value, Float(vocabulary - 1))) : 0 }
}

private final class TrainingTokenEmbedding: Layer, @unchecked Sendable {
  let output: Activation
  private let embedding: TokenEmbedding
  private let input: Activation
  private let context: TrainingContext

  init(_ embedding: TokenEmbedding, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil, "TokenEmbedding reads finished ids")
    (self.embedding, self.input, self.context) = (embedding, input, context)
    output = Activation(embedding.output(input.extent), context.microbatches)
    context.workspace.need(gradient: embedding.vocabulary * embedding.width)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        let rows = self.context.parameters.weights(self.embedding.weight)
        self.each(part) { id, place in place.update(from: rows + id, count: self.embedding.width) }
      })
    ]
  }

  /// Ids have no gradient: the input stays as it is.
  var backward: [Step] {
    [
      Step(
        run: { part, _ in self.backward(part) },
        reduce: { reduction in
          let count = self.embedding.vocabulary * self.embedding.width
          try reduction.finish(self.context.workspace.gradientSums.first, count: count) { sum in
            self.context.gradient(self.embedding.weight).update(from: sum, count: count)
          }
        })
    ]
  }

  private func backward(_ part: Int) {
    let count = embedding.vocabulary * embedding.width
    context.workspace.gradientSums.first.add(part, count: count) { place in
      place.update(repeating: 0, count: count)
      each(part) { id, gradient in context.backend.ops.add(embedding.width, place + id, gradient) }
    }
  }

  /// Where the row of each id begins in the matrix, and where it lies in the output.
  private func each(_ part: Int, _ body: (_ id: Int, _ place: MutableFloats) -> Void) {
    for i in 0..<input.extent(part).count {
      body(
        embedding.id(input.place(part)[i]) * embedding.width, output.place(part) + i * embedding.width)
    }
  }
}

private struct FrozenTokenEmbedding: FrozenLayer {
  let embedding: TokenEmbedding
  let output: Extent
  let numbers: WeightNumbers

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let width = embedding.width
    for i in 0..<images * output.pixels {
      numbers.widen(width, from: embedding.id(x[i]) * width, into: y + i * width)
    }
  }
}
