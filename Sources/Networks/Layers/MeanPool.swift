import Kernels

/// The mean over all pixels, by channel: `[images, channels]`.
package struct MeanPool: LayerDescription {
  package init() {}

  package var parameters: [ParameterSpec] { [] }

  package func output(_ input: Extent) -> Extent { .row(images: input.images, width: input.channels) }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingMeanPool(input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenMeanPool(input: input, output: output(input), ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.add(.meanPool, [x], "avgpool")
    return "avgpool"
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor { x.meanPooled() }
}

private final class TrainingMeanPool: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation
  private let ops: any Ops

  init(_ input: Activation, _ context: TrainingContext) {
    precondition(input.prologue == nil, "MeanPool reads finished values")
    (self.input, ops) = (input, context.backend.ops)
    output = Activation(MeanPool().output(input.extent), context.microbatches)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in self.ops.poolMean(self.input.extent(part), self.input.place(part), self.output.place(part))
      })
    ]
  }

  var backward: [Step] { [Step(run: { part, _ in self.backward(part) })] }

  private func backward(_ part: Int) {
    let (extent, place) = (input.extent(part), input.place(part))
    let epilogue = input.gradientEpilogue?(part, nil)
    if epilogue?.activation != nil {
      // The values there are the result of a ReLU, and also its mask.
      ops.poolMeanBackward(extent, gradient: output.place(part), place)
    } else {
      spread(output.place(part), over: extent, place)
    }
    if let sums = epilogue?.sums {
      ops.gradientMoments(
        extent, gradient: place, activation: nil, sums.x, mean: sums.mean, sums: sums.sums, products: sums.products)
    }
    input.gradientIsWritten?(part)
  }

  private func spread(_ gradient: Floats, over extent: Extent, _ place: MutableFloats) {
    let share = 1 / Float(extent.pixels)
    for image in 0..<extent.images {
      for channel in 0..<extent.channels {
        let value = gradient[image * extent.channels + channel] * share
        for row in 0..<extent.height {
          for column in 0..<extent.width { place[extent.offset(image, channel, row, column)] = value }
        }
      }
    }
  }
}

private struct FrozenMeanPool: FrozenLayer {
  let input: Extent
  let output: Extent
  let ops: any Ops

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    ops.poolMean(input.with(images: images), x, y)
  }
}
