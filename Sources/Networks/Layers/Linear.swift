import Kernels

/// y = x · Wᵀ + b for rows of `inputs` values, one per image or one per token.
package struct Linear: LayerDescription {
  /// The prefix of the parameters' names, such as `audio_transform.sequential.0`: `….weight`, `[outputs, inputs]`, and
  /// `….bias`.
  package let name: String
  package let inputs: Int
  package let outputs: Int
  package let hasBias: Bool
  /// The name of the layer whose matrix it uses; nil: its own. The gradient of a shared matrix is the sum for both
  /// layers.
  package let sharing: String?

  /// - Parameter sharing: the name of the layer whose matrix is used; nil: its own.
  package init(_ name: String, inputs: Int, outputs: Int, hasBias: Bool = true, sharing: String? = nil) {
    (self.name, self.inputs, self.outputs, self.hasBias, self.sharing) = (name, inputs, outputs, hasBias, sharing)
  }

  var weight: String { "\(sharing ?? name).weight" }
  var bias: String { "\(name).bias" }

  package var parameters: [ParameterSpec] {
    let matrix = ParameterSpec(weight, [outputs, inputs], initial: .uniform(fanIn: inputs), decays: true)
    return (sharing == nil ? [matrix] : [])
      + (hasBias ? [ParameterSpec(bias, [outputs], initial: .uniform(fanIn: inputs))] : [])
  }

  package func output(_ input: Extent) -> Extent { input.rows(of: outputs) }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingLinear(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenLinear(linear: self, input: input, weights: context.weights)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    guard hasBias else { return graph.unwritten(name, parameters, x) }
    graph.add(.linear(weight: weight, bias: bias), [x], name)
    return name
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    x.linear(values[weight], hasBias ? values[bias] : [Double](repeating: 0, count: outputs), outputs: outputs)
  }
}

/// The computations of linear layers and of layers that contain them.
extension Linear {
  /// Computes y, `[rows, outputs]`, from x, `[rows, inputs]`.
  /// - Parameter xStride, yStride: values from one row to the next; nil: a row's length.
  func forward(
    _ x: Floats, xStride: Int? = nil, _ weight: FrozenMatrix, bias: Floats?, _ y: MutableFloats, yStride: Int? = nil,
    rows: Int
  ) {
    if let bias { for row in 0..<rows { (y + row * (yStride ?? outputs)).update(from: bias, count: outputs) } }
    Matrix.multiply(
      x, aStride: xStride, weight.numbers, bTransposed: !weight.isTransposed,
      bStride: weight.isTransposed ? outputs : inputs, into: y, cStride: yStride, m: rows, n: outputs, k: inputs,
      adds: bias != nil)
  }

  /// The same with the weights of a frozen network.
  func forward(
    _ x: Floats, xStride: Int? = nil, _ weights: FrozenWeights, _ y: MutableFloats, yStride: Int? = nil, rows: Int
  ) {
    forward(
      x, xStride: xStride, weights.matrix(weight), bias: hasBias ? Floats(weights.parameters.weights(bias)) : nil, y,
      yStride: yStride, rows: rows)
  }

  /// The same with weights in training.
  func forward(_ x: Floats, _ parameters: Parameters, _ y: MutableFloats, rows: Int) {
    forward(
      x, FrozenMatrix(WeightNumbers(parameters.weights(weight))),
      bias: hasBias ? Floats(parameters.weights(bias)) : nil, y, rows: rows)
  }

  /// Floats of a packed gradient: that of the weights, then that of the biases.
  var gradientCount: Int { outputs * (inputs + (hasBias ? 1 : 0)) }

  /// Writes the packed gradient of weights and biases to `place`.
  func weightGradient(_ gradient: Floats, _ x: Floats, rows: Int, _ ops: any Ops, into place: MutableFloats) {
    Matrix.multiply(gradient, aTransposed: true, x, into: place, m: outputs, n: inputs, k: rows)
    if hasBias { ops.columnSums(rows: rows, width: outputs, gradient, place + outputs * inputs) }
  }

  /// Writes the input's gradient to `place`, or with `adds` adds it to the values there.
  func inputGradient(
    _ gradient: Floats, _ parameters: Parameters, rows: Int, into place: MutableFloats, adds: Bool = false
  ) {
    Matrix.multiply(gradient, parameters.weights(weight), into: place, m: rows, n: inputs, k: outputs, adds: adds)
  }

  /// Copies the packed gradient of all microbatches to the network's buffer.
  func keepGradient(_ sum: Floats, _ context: TrainingContext) {
    context.gradient(weight).update(from: sum, count: outputs * inputs)
    if hasBias { context.gradient(bias).update(from: sum + outputs * inputs, count: outputs) }
  }
}

private final class TrainingLinear: Layer, @unchecked Sendable {
  let output: Activation
  private let linear: Linear
  private let input: Activation
  private let context: TrainingContext

  init(_ linear: Linear, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "Linear reads finished rows")
    (self.linear, self.input, self.context) = (linear, input, context)
    output = Activation(linear.output(input.extent), context.microbatches, counts: input.counts)
    context.workspace.need(gradient: linear.gradientCount)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        self.linear.forward(
          self.input.place(part), self.context.parameters, self.output.place(part), rows: self.input.rows(part))
      })
    ]
  }

  var backward: [Step] {
    [
      Step(
        run: { part, _ in self.backward(part) },
        reduce: { reduction in
          try reduction.finish(self.context.workspace.gradientSums.first, count: self.linear.gradientCount) { sum in
            self.linear.keepGradient(sum, self.context)
          }
        })
    ]
  }

  private func backward(_ part: Int) {
    let (gradient, x, rows) = (output.place(part), input.place(part), input.rows(part))
    context.workspace.gradientSums.first.add(part, count: linear.gradientCount) { place in
      linear.weightGradient(gradient, x, rows: rows, context.backend.ops, into: place)
    }
    linear.inputGradient(gradient, context.parameters, rows: rows, into: x)
    input.gradientIsWritten?(part)
  }
}

private struct FrozenLinear: FrozenLayer {
  let linear: Linear
  let input: Extent
  let weights: FrozenWeights

  var output: Extent { linear.output(input) }
  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    linear.forward(x, weights, y, rows: images * input.pixels)
  }
}
