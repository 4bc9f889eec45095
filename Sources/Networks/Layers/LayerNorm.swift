import Kernels

/// (x − mean) / √(variance + ε) · weight + bias over the values of each row.
package struct LayerNorm: LayerDescription {
  /// Added to every variance.
  package static let epsilon: Float = 1e-5

  /// The prefix of the parameters' names: `….weight` and `….bias`, `[width]`.
  package let name: String
  package let width: Int

  package init(_ name: String, width: Int) { (self.name, self.width) = (name, width) }

  var weight: String { "\(name).weight" }
  var bias: String { "\(name).bias" }

  package var parameters: [ParameterSpec] {
    [
      ParameterSpec(weight, [width], initial: .constant(1)), ParameterSpec(bias, [width], initial: .constant(0)),
    ]
  }

  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingLayerNorm(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenLayerNorm(norm: self, output: input, parameters: context.weights.parameters, ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(name, parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    let (scale, shift) = (values[weight], values[bias])
    return x.mappingTokens { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let deviation = (variance + Double(Self.epsilon)).squareRoot()
      return row.indices.map { (row[$0] - mean) / deviation * scale[$0] + shift[$0] }
    }
  }
}

private final class TrainingLayerNorm: Layer, @unchecked Sendable {
  let output: Activation
  private let norm: LayerNorm
  private let input: Activation
  private let context: TrainingContext
  /// For each row of the batch, its mean and 1 / √(variance + ε).
  private let moments: FloatBuffer
  private let scale: Floats

  init(_ norm: LayerNorm, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "LayerNorm reads finished rows")
    (self.norm, self.input, self.context) = (norm, input, context)
    output = Activation(input.extent, context.microbatches, counts: input.counts)
    moments = FloatBuffer(2 * input.extent.images * input.extent.pixels)
    scale = Floats(context.parameters.weights(norm.weight))
    context.workspace.need(gradient: 2 * norm.width)
  }

  private func moments(_ part: Int) -> MutableFloats {
    moments.start + 2 * input.microbatches[part].lowerBound * input.extent.pixels
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        self.context.backend.ops.layerNorm(
          rows: self.input.rows(part), width: self.norm.width, self.input.place(part), scale: self.scale,
          shift: self.context.parameters.weights(self.norm.bias), epsilon: LayerNorm.epsilon, self.output.place(part),
          moments: self.moments(part))
      })
    ]
  }

  var backward: [Step] {
    [
      Step(
        run: { part, _ in self.backward(part) },
        reduce: { reduction in
          try reduction.finish(self.context.workspace.gradientSums.first, count: 2 * self.norm.width) { sum in
            self.context.gradient(self.norm.weight).update(from: sum, count: self.norm.width)
            self.context.gradient(self.norm.bias).update(from: sum + self.norm.width, count: self.norm.width)
          }
        })
    ]
  }

  private func backward(_ part: Int) {
    let (rows, width) = (input.rows(part), norm.width)
    context.workspace.gradientSums.first.add(part, count: 2 * width) { place in
      context.backend.ops.layerNormGradient(
        rows: rows, width: width, gradient: output.place(part), scale: scale, moments: Floats(moments(part)),
        input.place(part), scales: place, shifts: place + width)
    }
    input.gradientIsWritten?(part)
  }
}

private struct FrozenLayerNorm: FrozenLayer {
  let norm: LayerNorm
  let output: Extent
  let parameters: Parameters
  let ops: any Ops

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    ops.layerNorm(
      rows: images * output.pixels, width: norm.width, x, scale: parameters.weights(norm.weight),
      shift: parameters.weights(norm.bias), epsilon: LayerNorm.epsilon, y, moments: nil)
  }
}
