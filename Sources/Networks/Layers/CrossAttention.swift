import Kernels

/// Multi-head attention of an image's tokens to the rows of its memory, such as an audio clip's windows (Vaswani et al.
/// 2017). Only used inside `WithMemory`.
package struct CrossAttention: LayerDescription {
  package let name: String
  package let width: Int
  /// Values of a row of the memory.
  package let memoryWidth: Int
  package let heads: Int

  /// - Parameters:
  ///   - name: the prefix of the parameters' names: `….q_proj`, `….k_proj`, `….v_proj`, `….out_proj`, each with
  ///     `.weight`, `[width, width]` or, for keys and values, `[width, memoryWidth]`, and `.bias`.
  ///   - heads: a divisor of `width`.
  package init(_ name: String, width: Int, memoryWidth: Int, heads: Int) {
    (self.name, self.width, self.memoryWidth, self.heads) = (name, width, memoryWidth, heads)
  }

  private func linear(_ part: String, inputs: Int) -> Linear {
    Linear("\(name).\(part)_proj", inputs: inputs, outputs: width)
  }
  /// The linear layers of queries, keys and values.
  var inputs: [Linear] {
    [linear("q", inputs: width), linear("k", inputs: memoryWidth), linear("v", inputs: memoryWidth)]
  }
  var last: Linear { linear("out", inputs: width) }
  var core: AttentionHeads { AttentionHeads(width: width, count: heads, isCausal: false) }

  package var parameters: [ParameterSpec] { (inputs + [last]).flatMap(\.parameters) }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    guard let memory = context.memory else { preconditionFailure("\(name) stands outside WithMemory") }
    return TrainingAttention(core, inputs, last, input, memory: memory, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenCrossAttention(
      attention: self, output: input, mostMemory: context.memoryRows, weights: context.weights,
      ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(name, parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    guard let memory = values.memory else { return x }
    let made = core.plain(
      inputs[0].plain(x, values), inputs[1].plain(memory, values), inputs[2].plain(memory, values))
    return last.plain(made, values)
  }
}

private struct FrozenCrossAttention: FrozenLayer {
  let attention: CrossAttention
  let output: Extent
  /// The number of rows of an image's memory.
  let mostMemory: Int
  let weights: FrozenWeights
  let ops: any Ops

  func scratchCount(images: Int) -> Int {
    images * (2 * output.pixels + 2 * mostMemory) * attention.width + output.pixels * mostMemory
  }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    guard let memory = packing.memory else { return }
    let (width, rows, seen) = (attention.width, images * output.pixels, images * mostMemory)
    let core = attention.core
    let (queries, mixed) = (scratch, scratch + rows * width)
    let (keys, values) = (mixed + rows * width, mixed + (rows + seen) * width)
    let shares = values + seen * width
    attention.inputs[0].forward(x, weights, queries, rows: rows)
    attention.inputs[1].forward(memory, weights, keys, rows: seen)
    attention.inputs[2].forward(memory, weights, values, rows: seen)
    for image in 0..<images {
      for column in core.columns {
        let (query, key) = (image * output.pixels * width + column, image * mostMemory * width + column)
        core.shares(
          queries + query, keys + key, stride: width, rows: (output.pixels, mostMemory), ops, into: shares)
        core.mix(
          shares, values + key, stride: width, rows: (output.pixels, mostMemory), into: mixed + query,
          mixedStride: width)
      }
    }
    attention.last.forward(mixed, weights, y, rows: rows)
  }
}
