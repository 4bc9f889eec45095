import Kernels

/// max(0, x) for rows. Convolutional layers contain their own ReLU.
package struct ReLU: LayerDescription {
  package init() {}

  package var parameters: [ParameterSpec] { [] }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    ElementwiseLayer(
      input,
      forward: { x, y, count, _ in for i in 0..<count { y[i] = max(0, x[i]) } },
      backward: { gradient, x, count, _ in for i in 0..<count { x[i] = x[i] > 0 ? gradient[i] : 0 } })
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenReLU(output: input)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String { graph.relu(x) }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor { x.relu() }
}

private struct FrozenReLU: FrozenLayer {
  let output: Extent

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    for i in 0..<images * output.imageCount { y[i] = max(0, x[i]) }
  }
}

/// A layer without parameters that computes each value independently. Its backward pass reads the unchanged input.
final class ElementwiseLayer: Layer, @unchecked Sendable {
  /// - Parameter first: the position of the microbatch's first value in the whole batch.
  typealias Forward = @Sendable (_ x: Floats, _ y: MutableFloats, _ count: Int, _ first: Int) -> Void
  /// Overwrites the input `x` with its gradient.
  typealias Backward = @Sendable (_ gradient: Floats, _ x: MutableFloats, _ count: Int, _ first: Int) -> Void

  let output: Activation
  private let input: Activation
  private let (apply, reverse): (Forward, Backward)

  init(_ input: Activation, forward: @escaping Forward, backward: @escaping Backward) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "element-wise layers read finished values")
    (self.input, apply, reverse) = (input, forward, backward)
    output = Activation(input.extent, input.microbatches, counts: input.counts)
  }

  private func range(_ part: Int) -> (count: Int, first: Int) {
    (input.count(part), input.microbatches[part].lowerBound * input.extent.imageCount)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        let (count, first) = self.range(part)
        self.apply(self.input.place(part), self.output.place(part), count, first)
      })
    ]
  }

  var backward: [Step] {
    [
      Step(run: { part, _ in
        let (count, first) = self.range(part)
        self.reverse(self.output.place(part), self.input.place(part), count, first)
        self.input.gradientIsWritten?(part)
      })
    ]
  }
}
