import Kernels

/// Divides an image, stored plane by plane, into squares. Each becomes a token, row by row, with the square's values in
/// the order channel, row, column. With a linear layer after it, it is a convolution whose stride is its size.
package struct Patches: LayerDescription {
  /// The width and height of a square, in pixels. Pixels left over at the right and at the bottom are not used.
  package let size: Int

  package init(size: Int) { self.size = size }

  package var parameters: [ParameterSpec] { [] }

  package func output(_ input: Extent) -> Extent {
    .tokens(
      images: input.images, count: input.height / size * (input.width / size), width: input.channels * size * size)
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    MovedValues(input, output(input.extent), places(input.extent))
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenMovedValues(output: output(input), inputCount: input.imageCount, places: places(input))
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten("patches", [], x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    let columns = x.width / size
    var y = PlainTensor(
      images: x.images, channels: x.channels * size * size, width: x.height / size * columns)
    for n in 0..<y.images {
      for c in 0..<y.channels {
        let (channel, row, column) = (c / (size * size), c / size % size, c % size)
        for t in 0..<y.width {
          y.values[y.offset(n, c, 0, t)] =
            x.values[x.offset(n, channel, t / columns * size + row, t % columns * size + column)]
        }
      }
    }
    return y
  }

  /// The offset in the input of each run of `size` values of the output, for one image.
  private func places(_ input: Extent) -> Runs {
    precondition(input.block == 1, "Patches reads planes")
    var starts: [Int32] = []
    for row in 0..<input.height / size {
      for column in 0..<input.width / size {
        for channel in 0..<input.channels {
          for line in 0..<size {
            starts.append(Int32(input.offset(0, channel, row * size + line, column * size)))
          }
        }
      }
    }
    return Runs(starts: starts, length: size)
  }
}
