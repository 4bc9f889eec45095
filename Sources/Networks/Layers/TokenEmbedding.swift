import Kernels

/// Replaces each id by its row of a matrix. Ids are whole numbers stored as floats, which are exact below 2²⁴. An id
/// outside the vocabulary is clamped to its range.
package struct TokenEmbedding: LayerDescription {
  /// The prefix of the parameter's name: `….weight`, `[vocabulary, width]`.
  package let name: String
  package let vocabulary: Int
  package let width: Int
  /// The factor of all rows.
  package let scale: Float
  /// Whether a token has three values: its id, a second id and a share. It then becomes share · first + (1 − share) ·
  /// second; a negative second id adds nothing (mixup of words; Zhang et al. 2018).
  package let isMixed: Bool
  /// Whether another layer, whose gradient is written first, also uses the matrix.
  package let isShared: Bool

  package init(
    _ name: String, vocabulary: Int, width: Int, scale: Float = 1, isMixed: Bool = false, isShared: Bool = false
  ) {
    (self.name, self.vocabulary, self.width) = (name, vocabulary, width)
    (self.scale, self.isMixed, self.isShared) = (scale, isMixed, isShared)
  }

  var weight: String { "\(name).weight" }

  package var parameters: [ParameterSpec] {
    let deviation = scale == 1 ? 0.02 : 1 / Double(scale)
    return [ParameterSpec(weight, [vocabulary, width], initial: .normal(mean: 0, deviation: deviation), decays: true)]
  }

  /// - Parameter input: a row for each image, with one value per token, or three if tokens are mixed.
  package func output(_ input: Extent) -> Extent {
    .tokens(images: input.images, count: input.imageCount / perToken, width: width)
  }

  /// The number of values of a token in the input.
  fileprivate var perToken: Int { isMixed ? 3 : 1 }

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
    let tokens = x.values.count / x.images / perToken
    var y = PlainTensor(images: x.images, channels: width, width: tokens)
    for n in 0..<y.images {
      for t in 0..<tokens {
        let token = (0..<perToken).map { Float(x.values[(n * perToken + $0) * tokens + t]) }
        token.withUnsafeBufferPointer { token in
          guard let token = token.baseAddress else { return }
          for (id, share) in rows(token) {
            for c in 0..<width {
              y.values[y.offset(n, c, 0, t)] += Double(share) * values[weight][id * width + c]
            }
          }
        }
      }
    }
    return y
  }

  /// The rows of the matrix that a token is the sum of, with their factors.
  fileprivate func rows(_ token: Floats) -> [(id: Int, share: Float)] {
    guard isMixed else { return [(id(token[0]), scale)] }
    let first = (id(token[0]), scale * token[2])
    return token[1] < 0 ? [first] : [first, (id(token[1]), scale * (1 - token[2]))]
  }

  private func id(_ value: Float) -> Int { value > 0 ? Int(min(value, Float(vocabulary - 1))) : 0 }
}

private final class TrainingTokenEmbedding: Layer, @unchecked Sendable {
  let output: Activation
  private let embedding: TokenEmbedding
  private let input: Activation
  private let context: TrainingContext

  init(_ embedding: TokenEmbedding, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil, "TokenEmbedding reads finished ids")
    (self.embedding, self.input, self.context) = (embedding, input, context)
    output = Activation(embedding.output(input.extent), context.microbatches, counts: input.counts)
    context.workspace.need(gradient: embedding.vocabulary * embedding.width)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        let (matrix, width) = (self.context.parameters.weights(self.embedding.weight), self.embedding.width)
        self.output.place(part).update(repeating: 0, count: self.output.count(part))
        self.each(part) { id, share, y in
          let row = matrix + id * width
          for i in 0..<width { y[i] += share * row[i] }
        }
      })
    ]
  }

  /// Ids have no gradient, so the input is unchanged.
  var backward: [Step] {
    [
      Step(
        run: { part, _ in self.backward(part) },
        reduce: { reduction in
          let (count, gradient) = (self.matrixCount, self.context.gradient(self.embedding.weight))
          try reduction.finish(self.context.workspace.gradientSums.first, count: count) { sum in
            if self.embedding.isShared {
              self.context.backend.ops.add(count, gradient, sum)
            } else {
              gradient.update(from: sum, count: count)
            }
          }
        })
    ]
  }

  private var matrixCount: Int { embedding.vocabulary * embedding.width }

  private func backward(_ part: Int) {
    let width = embedding.width
    context.workspace.gradientSums.first.add(part, count: matrixCount) { place in
      place.update(repeating: 0, count: matrixCount)
      each(part) { id, share, gradient in
        let row = place + id * width
        for i in 0..<width { row[i] += share * gradient[i] }
      }
    }
  }

  /// Calls `body` for each row that a token is the sum of, with the row's factor and the token's place in the output.
  private func each(_ part: Int, _ body: (_ id: Int, _ share: Float, _ place: MutableFloats) -> Void) {
    for token in 0..<output.rows(part) {
      for (id, share) in embedding.rows(input.place(part) + token * embedding.perToken) {
        body(id, share, output.place(part) + token * embedding.width)
      }
    }
  }
}

private struct FrozenTokenEmbedding: FrozenLayer {
  let embedding: TokenEmbedding
  let output: Extent
  let numbers: WeightNumbers

  /// Space for one row of the matrix.
  func scratchCount(images: Int) -> Int { embedding.isMixed ? embedding.width : 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let width = embedding.width
    for token in 0..<images * output.pixels {
      let (rows, place) = (embedding.rows(x + token * embedding.perToken), y + token * width)
      numbers.widen(width, from: rows[0].id * width, into: place)
      if rows[0].share != 1 { for i in 0..<width { place[i] *= rows[0].share } }
      for (id, share) in rows.dropFirst() {
        numbers.widen(width, from: id * width, into: scratch)
        for i in 0..<width { place[i] += share * scratch[i] }
      }
    }
  }
}
