import Kernels

/// Dropout for rows of tokens. Unlike `Dropout`, it does not store factors, since there would be one for each value.
/// Whether a value is kept depends on a hash of its image's key and its place in the image (`DropoutHash`), which the
/// backward pass computes again.
package struct TokenDropout: LayerDescription {
  /// The name by which the pass finds this layer's keys.
  package let name: String
  /// The share of values that become zero, in 0..<1.
  package let rate: Float

  package init(_ name: String, rate: Float) { (self.name, self.rate) = (name, rate) }

  package var parameters: [ParameterSpec] { [] }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingTokenDropout(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? { nil }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String { x }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    guard let keys = values.dropoutKeys, rate > 0 else { return x }
    var y = x
    for n in 0..<x.images {
      let key = keys(name, n)
      for t in 0..<x.width {
        for c in 0..<x.channels {
          let isKept = DropoutHash.keeps(t * x.channels + c, key: key, rate: rate)
          y.values[y.offset(n, c, 0, t)] *= isKept ? 1 / (1 - Double(rate)) : 0
        }
      }
    }
    return y
  }
}

private final class TrainingTokenDropout: Layer, @unchecked Sendable {
  let output: Activation
  private let dropout: TokenDropout
  private let input: Activation
  private let context: TrainingContext

  init(_ dropout: TokenDropout, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "TokenDropout reads finished rows")
    (self.dropout, self.input, self.context) = (dropout, input, context)
    output = Activation(input.extent, context.microbatches, counts: input.counts)
  }

  var forward: [Step] {
    [Step(run: { part, _ in self.apply(part, Floats(self.input.place(part)), self.output.place(part)) })]
  }

  var backward: [Step] {
    [
      Step(run: { part, _ in
        self.apply(part, Floats(self.output.place(part)), self.input.place(part))
        self.input.gradientIsWritten?(part)
      })
    ]
  }

  private func apply(_ part: Int, _ x: Floats, _ y: MutableFloats) {
    guard let keys = context.pass.dropoutKeys, dropout.rate > 0 else {
      return y.update(from: x, count: input.count(part))
    }
    let width = input.extent.channels
    for (image, rows) in zip(input.microbatches[part], input.images(part)) {
      let at = rows.lowerBound * width
      context.backend.ops.dropout(
        rows.count * width, key: keys(dropout.name, image), rate: dropout.rate, x + at, y + at)
    }
  }
}
