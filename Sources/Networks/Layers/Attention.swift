import Kernels

/// Multi-head attention of an image's tokens to each other (Vaswani et al. 2017). The outputs of all heads go through
/// one more linear layer.
package struct Attention: LayerDescription {
  package let name: String
  package let width: Int
  package let heads: Int
  /// Whether a token attends only to itself and earlier tokens.
  package let isCausal: Bool

  /// - Parameters:
  ///   - name: the prefix of the parameters' names: `….q_proj`, `….k_proj`, `….v_proj`, `….out_proj`, each with
  ///     `.weight`, `[width, width]`, and `.bias`.
  ///   - heads: a divisor of `width`.
  package init(_ name: String, width: Int, heads: Int, isCausal: Bool = false) {
    (self.name, self.width, self.heads, self.isCausal) = (name, width, heads, isCausal)
  }

  private func linear(_ part: String) -> Linear { Linear("\(name).\(part)_proj", inputs: width, outputs: width) }
  /// The linear layers of queries, keys and values.
  var inputs: [Linear] { ["q", "k", "v"].map(linear) }
  var last: Linear { linear("out") }
  var core: AttentionHeads { AttentionHeads(width: width, count: heads, isCausal: isCausal) }

  package var parameters: [ParameterSpec] { (inputs + [last]).flatMap(\.parameters) }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingAttention(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenAttention(attention: self, output: input, weights: context.weights, ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(name, parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    let parts = inputs.map { $0.plain(x, values) }
    return last.plain(core.plain(parts[0], parts[1], parts[2]), values)
  }
}

private struct FrozenAttention: FrozenLayer {
  let attention: Attention
  let output: Extent
  let weights: FrozenWeights
  let ops: any Ops

  private var tokens: Int { output.pixels }
  /// The distance between rows is not a power of two, so that a product finds them in different cache sets.
  private var stride: Int { 3 * attention.width + 16 }
  private var mixedStride: Int { attention.width + 16 }

  func scratchCount(images: Int) -> Int { images * tokens * (stride + mixedStride) + tokens * tokens }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let (rows, width, core) = (images * tokens, attention.width, attention.core)
    let (parts, mixed) = (scratch, scratch + rows * stride)
    let shares = mixed + rows * mixedStride
    for (place, linear) in attention.inputs.enumerated() {
      linear.forward(x, weights, parts + place * width, yStride: stride, rows: rows)
    }
    for image in 0..<images {
      for column in core.columns {
        let queries = parts + image * tokens * stride + column
        core.shares(queries, queries + width, stride: stride, rows: (tokens, tokens), ops, into: shares)
        core.mix(
          shares, queries + 2 * width, stride: stride, rows: (tokens, tokens),
          into: mixed + image * tokens * mixedStride + column, mixedStride: mixedStride)
      }
    }
    attention.last.forward(mixed, xStride: mixedStride, weights, y, rows: rows)
  }
}
