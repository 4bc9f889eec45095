import Kernels

/// A picture, plane by plane, cut into squares: a token for each, row by row, of its values in the order channel, row,
/// column. A linear layer behind it is a convolution whose stride is its size.
package struct Patches: LayerDescription {
  /// Pixels of a side. What is left at the right and at the bottom is not used.
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
    FrozenPatches(output: output(input), inputCount: input.imageCount, places: places(input))
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

  /// Where each run of `size` values of the output lies in the input, of one image.
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

/// Values that a layer only moves: where each run of the output lies in the input, of one image.
struct Runs: Sendable {
  let starts: [Int32]
  let length: Int

  func gather(_ x: Floats, into y: MutableFloats) {
    for (place, start) in starts.enumerated() { (y + place * length).update(from: x + Int(start), count: length) }
  }

  func scatter(_ y: Floats, into x: MutableFloats) {
    for (place, start) in starts.enumerated() { (x + Int(start)).update(from: y + place * length, count: length) }
  }
}

private struct FrozenPatches: FrozenLayer {
  let output: Extent
  let inputCount: Int
  let places: Runs

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    for image in 0..<images { places.gather(x + image * inputCount, into: y + image * output.imageCount) }
  }
}

/// A layer in training that only moves values. The gradient of what it leaves out is zero.
final class MovedValues: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation
  private let places: Runs

  init(_ input: Activation, _ output: Extent, _ places: Runs) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "moving layers read finished values")
    (self.input, self.places) = (input, places)
    self.output = Activation(output, input.microbatches)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        self.each(part) { x, y in self.places.gather(x, into: y) }
      })
    ]
  }

  var backward: [Step] {
    [
      Step(run: { part, _ in
        self.input.place(part).update(repeating: 0, count: self.input.extent(part).count)
        self.each(part) { x, y in self.places.scatter(y, into: x) }
        self.input.gradientIsWritten?(part)
      })
    ]
  }

  /// One image's input and output after another.
  private func each(_ part: Int, _ body: (_ x: MutableFloats, _ y: MutableFloats) -> Void) {
    for image in 0..<input.microbatches[part].count {
      body(
        input.place(part) + image * input.extent.imageCount, output.place(part) + image * output.extent.imageCount)
    }
  }
}
