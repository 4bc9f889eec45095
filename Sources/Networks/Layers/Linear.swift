import Kernels

/// y = x · Wᵀ + b over rows `[images, inputs]`.
package struct Linear: LayerDescription {
  /// What parameters' names begin with: `audio_transform.sequential.0` gives `….weight`, `[outputs, inputs]`, and
  /// `….bias`.
  package let name: String
  package let inputs: Int
  package let outputs: Int

  package init(_ name: String, inputs: Int, outputs: Int) {
    (self.name, self.inputs, self.outputs) = (name, inputs, outputs)
  }

  var weight: String { "\(name).weight" }
  var bias: String { "\(name).bias" }

  package var parameters: [ParameterSpec] {
    [
      ParameterSpec(weight, [outputs, inputs], initial: .uniform(fanIn: inputs), decays: true),
      ParameterSpec(bias, [outputs], initial: .uniform(fanIn: inputs)),
    ]
  }

  package func output(_ input: Extent) -> Extent { .row(images: input.images, width: outputs) }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingLinear(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenLinear(self, context.weights.parameters)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.add(.linear(weight: weight, bias: bias), [x], name)
    return name
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    x.linear(values[weight], values[bias], outputs: outputs)
  }

  /// `rows` rows of x through weights and biases.
  fileprivate func apply(_ x: Floats, _ weight: Floats, _ bias: Floats, _ y: MutableFloats, rows: Int) {
    for row in 0..<rows { (y + row * outputs).update(from: bias, count: outputs) }
    Matrix.multiply(x, weight, bTransposed: true, into: y, m: rows, n: outputs, k: inputs, adds: true)
  }
}

private final class TrainingLinear: Layer, @unchecked Sendable {
  let output: Activation
  private let linear: Linear
  private let input: Activation
  private let workspace: Workspace
  private let (weight, bias): (MutableFloats, MutableFloats)
  private let (weightGradient, biasGradient): (MutableFloats, MutableFloats)

  init(_ linear: Linear, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "Linear reads finished rows")
    (self.linear, self.input, workspace) = (linear, input, context.workspace)
    output = Activation(linear.output(input.extent), context.microbatches)
    (weight, bias) = (context.parameters.weights(linear.weight), context.parameters.weights(linear.bias))
    (weightGradient, biasGradient) = (context.gradient(linear.weight), context.gradient(linear.bias))
    workspace.need(kernel: context.microbatches.largest * linear.inputs, gradient: gradientCount)
  }

  /// The weights', then the biases'.
  private var gradientCount: Int { linear.outputs * (linear.inputs + 1) }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        self.linear.apply(
          self.input.place(part), self.weight, self.bias, self.output.place(part),
          rows: self.input.microbatches[part].count)
      })
    ]
  }

  var backward: [Step] {
    [Step(run: { try self.backward($0, $1) }, reduce: { try self.finishWeights($0) })]
  }

  private func backward(_ part: Int, _ scratch: ThreadScratch) throws {
    let rows = input.microbatches[part].count
    let (gradient, x) = (output.place(part), input.place(part))
    workspace.gradientSums.first.add(part, count: gradientCount) { place in
      Matrix.multiply(
        gradient, aTransposed: true, x, into: place, m: linear.outputs, n: linear.inputs, k: rows)
      for column in 0..<linear.outputs {
        var sum = 0.0
        for row in 0..<rows { sum += Double(gradient[row * linear.outputs + column]) }
        place[linear.outputs * linear.inputs + column] = Float(sum)
      }
    }
    Matrix.multiply(gradient, weight, into: x, m: rows, n: linear.inputs, k: linear.outputs)
    input.gradientIsWritten?(part)
  }

  private func finishWeights(_ reduction: any Reduction) throws {
    try reduction.finish(workspace.gradientSums.first, count: gradientCount) { sum in
      let weights = self.linear.outputs * self.linear.inputs
      self.weightGradient.update(from: sum, count: weights)
      self.biasGradient.update(from: sum + weights, count: self.linear.outputs)
    }
  }
}

private struct FrozenLinear: FrozenLayer {
  /// Rows at a time: a fixed number, so that a row's bits do not depend on how many there are.
  private static let rows = 8

  private let linear: Linear
  private let parameters: Parameters

  init(_ linear: Linear, _ parameters: Parameters) { (self.linear, self.parameters) = (linear, parameters) }

  var output: Extent { .row(images: 1, width: linear.outputs) }
  func scratchCount(images: Int) -> Int { Self.rows * (linear.inputs + linear.outputs) }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let (rows, results) = (scratch, scratch + Self.rows * linear.inputs)
    for first in stride(from: 0, to: images, by: Self.rows) {
      let count = min(Self.rows, images - first)
      rows.update(from: x + first * linear.inputs, count: count * linear.inputs)
      (rows + count * linear.inputs).update(repeating: 0, count: (Self.rows - count) * linear.inputs)
      linear.apply(
        rows, parameters.weights(linear.weight), parameters.weights(linear.bias), results, rows: Self.rows)
      (y + first * linear.outputs).update(from: results, count: count * linear.outputs)
    }
  }
}
