import Kernels

/// Inserts a token with a learned row before the others.
package struct ClassToken: LayerDescription {
  /// The parameter, `[width]`.
  package let name: String
  package let width: Int

  package init(_ name: String, width: Int) { (self.name, self.width) = (name, width) }

  package var parameters: [ParameterSpec] {
    [ParameterSpec(name, [width], initial: .normal(mean: 0, deviation: 0.02))]
  }

  package func output(_ input: Extent) -> Extent {
    .tokens(images: input.images, count: input.pixels + 1, width: width)
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingClassToken(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenClassToken(output: output(input.with(images: 1)), token: Floats(context.weights.parameters.weights(name)))
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(name, parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    var y = PlainTensor(images: x.images, channels: x.channels, width: x.width + 1)
    for n in 0..<x.images {
      for c in 0..<x.channels {
        y.values[y.offset(n, c, 0, 0)] = values[name][c]
        for t in 0..<x.width { y.values[y.offset(n, c, 0, t + 1)] = x.values[x.offset(n, c, 0, t)] }
      }
    }
    return y
  }
}

private final class TrainingClassToken: Layer, @unchecked Sendable {
  let output: Activation
  private let token: ClassToken
  private let input: Activation
  private let context: TrainingContext

  init(_ token: ClassToken, _ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "ClassToken reads finished rows")
    (self.token, self.input, self.context) = (token, input, context)
    output = Activation(token.output(input.extent), context.microbatches)
    context.workspace.need(gradient: token.width)
  }

  /// Calls `body` for each image with the starts of its rows in the input and in the output.
  private func each(_ part: Int, _ body: (_ x: MutableFloats, _ token: MutableFloats) -> Void) {
    for image in 0..<input.microbatches[part].count {
      body(
        input.place(part) + image * input.extent.imageCount, output.place(part) + image * output.extent.imageCount)
    }
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        let row = self.context.parameters.weights(self.token.name)
        self.each(part) { x, y in
          y.update(from: row, count: self.token.width)
          (y + self.token.width).update(from: x, count: self.input.extent.imageCount)
        }
      })
    ]
  }

  var backward: [Step] {
    [
      Step(
        run: { part, _ in self.backward(part) },
        reduce: { reduction in
          try reduction.finish(self.context.workspace.gradientSums.first, count: self.token.width) { sum in
            self.context.gradient(self.token.name).update(from: sum, count: self.token.width)
          }
        })
    ]
  }

  private func backward(_ part: Int) {
    context.workspace.gradientSums.first.add(part, count: token.width) { place in
      place.update(repeating: 0, count: token.width)
      each(part) { _, gradient in context.backend.ops.add(token.width, place, gradient) }
    }
    each(part) { x, gradient in x.update(from: gradient + token.width, count: input.extent.imageCount) }
    input.gradientIsWritten?(part)
  }
}

private struct FrozenClassToken: FrozenLayer {
  let output: Extent
  nonisolated(unsafe) let token: Floats

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    let (width, count) = (output.channels, output.imageCount - output.channels)
    for image in 0..<images {
      (y + image * output.imageCount).update(from: token, count: width)
      (y + image * output.imageCount + width).update(from: x + image * count, count: count)
    }
  }
}
