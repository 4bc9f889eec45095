import Kernels

/// Linear → GELU → linear on each row: the second half of a Transformer block.
package struct FeedForward: LayerDescription {
  package let first: Linear
  package let second: Linear
  package let kind: GELUKind

  /// - Parameter name: the prefix of the parameters' names: `….fc1` and `….fc2`.
  package init(_ name: String, width: Int, hidden: Int, _ kind: GELUKind) {
    first = Linear("\(name).fc1", inputs: width, outputs: hidden)
    second = Linear("\(name).fc2", inputs: hidden, outputs: width)
    self.kind = kind
  }

  private var layers: [any LayerDescription] { [first, GELU(kind), second] }

  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }
  package func output(_ input: Extent) -> Extent { second.output(input) }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingFeedForward(chain: try TrainingChain(layers, behind: input, context))
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenFeedForward(layer: self, input: input, weights: context.weights, ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    layers.reduce(x) { $1.operators($0, into: &graph) }
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    layers.reduce(x) { $1.plain($0, values) }
  }
}

private struct TrainingFeedForward: Layer {
  let chain: TrainingChain

  var output: Activation { chain.output }
  var forward: [Step] { chain.forward }
  var backward: [Step] { chain.backward }
}

private struct FrozenFeedForward: FrozenLayer {
  let layer: FeedForward
  let input: Extent
  let weights: FrozenWeights
  let ops: any Ops

  var output: Extent { layer.output(input) }

  /// The distance between hidden rows is not a power of two, so that a product finds them in different cache sets.
  private var stride: Int { layer.first.outputs + 16 }

  func scratchCount(images: Int) -> Int { images * input.pixels * stride }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let rows = images * input.pixels
    layer.first.forward(x, weights, scratch, yStride: stride, rows: rows)
    for row in 0..<rows {
      ops.gelu(layer.kind, layer.first.outputs, Floats(scratch + row * stride), scratch + row * stride)
    }
    layer.second.forward(scratch, xStride: stride, weights, y, rows: rows)
  }
}
