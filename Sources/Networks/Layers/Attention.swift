import Kernels

/// Attention of an image's tokens to one another by several heads (Vaswani et al. 2017). Each head takes width / heads
/// of the queries', keys' and values' columns; what all heads give goes through one more linear layer.
package struct Attention: LayerDescription {
  package let name: String
  package let width: Int
  package let heads: Int
  /// Whether a token sees itself and those before it alone.
  package let isCausal: Bool

  /// - Parameters:
  ///   - name: what parameters' names begin with: `….q_proj`, `….k_proj`, `….v_proj`, `….out_proj`, each `.weight`
  ///     `[width, width]` and `.bias`.
  ///   - heads: a divisor of `width`.
  package init(_ name: String, width: Int, heads: Int, isCausal: Bool = false) {
    (self.name, self.width, self.heads, self.isCausal) = (name, width, heads, isCausal)
  }

  private func linear(_ part: String) -> Linear { Linear("\(name).\(part)_proj", inputs: width, outputs: width) }
  /// Queries, keys, values.
  var inputs: [Linear] { ["q", "k", "v"].map(linear) }
  var last: Linear { linear("out") }
  var headWidth: Int { width / heads }
  /// What products of queries and keys are multiplied by.
  var scale: Float { 1 / Float(headWidth).squareRoot() }

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
    let (queries, keys, content) = (parts[0], parts[1], parts[2])
    var mixed = x
    for n in 0..<x.images {
      for head in 0..<heads {
        let columns = head * headWidth..<(head + 1) * headWidth
        for t in 0..<x.width {
          let seen = 0..<(isCausal ? t + 1 : x.width)
          let scores = seen.map { s in
            columns.reduce(0) {
              $0 + queries.values[queries.offset(n, $1, 0, t)] * keys.values[keys.offset(n, $1, 0, s)]
            }
          }
          let shares = PlainTensor.softmax(scores.map { $0 / Double(headWidth).squareRoot() })
          for c in columns {
            mixed.values[mixed.offset(n, c, 0, t)] = seen.reduce(0) {
              $0 + shares[$1] * content.values[content.offset(n, c, 0, $1)]
            }
          }
        }
      }
    }
    return last.plain(mixed, values)
  }

  /// Shares `[tokens, tokens]` of one head: softmax of the scaled products of queries and keys, `stride` apart.
  func shares(
    _ queries: Floats, _ keys: Floats, stride: Int, tokens: Int, _ ops: any Ops, into shares: MutableFloats
  ) {
    Matrix.multiply(
      queries, aStride: stride, keys, bTransposed: true, bStride: stride, into: shares, m: tokens, n: tokens,
      k: headWidth, alpha: scale)
    ops.softmax(rows: tokens, width: tokens, causal: isCausal, shares)
  }

  /// What one head gives: `shares` times the values.
  func mix(
    _ shares: Floats, _ values: Floats, stride: Int, tokens: Int, into mixed: MutableFloats, mixedStride: Int
  ) {
    Matrix.multiply(
      shares, values, bStride: stride, into: mixed, cStride: mixedStride, m: tokens, n: headWidth, k: tokens)
  }
}

private struct FrozenAttention: FrozenLayer {
  let attention: Attention
  let output: Extent
  let weights: FrozenWeights
  let ops: any Ops

  private var tokens: Int { output.pixels }
  /// Rows lie sixteen values off a power of two, so that a product finds them in different sets of the caches.
  private var stride: Int { 3 * attention.width + 16 }
  private var mixedStride: Int { attention.width + 16 }

  func scratchCount(images: Int) -> Int { images * tokens * (stride + mixedStride) + tokens * tokens }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let (rows, width) = (images * tokens, attention.width)
    let (parts, mixed) = (scratch, scratch + rows * stride)
    let shares = mixed + rows * mixedStride
    for (place, linear) in attention.inputs.enumerated() {
      linear.forward(x, weights, parts + place * width, yStride: stride, rows: rows)
    }
    for image in 0..<images {
      for head in 0..<attention.heads {
        let queries = parts + image * tokens * stride + head * attention.headWidth
        attention.shares(queries, queries + width, stride: stride, tokens: tokens, ops, into: shares)
        attention.mix(
          shares, queries + 2 * width, stride: stride, tokens: tokens,
          into: mixed + image * tokens * mixedStride + head * attention.headWidth, mixedStride: mixedStride)
      }
    }
    attention.last.forward(mixed, xStride: mixedStride, weights, y, rows: rows)
  }
}
