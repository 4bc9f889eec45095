import Kernels

/// Takes the row of one token from each image.
package struct TakeToken: LayerDescription {
  package enum Place: String, Sendable { case first, last }

  package let place: Place

  package init(_ place: Place) { self.place = place }

  package var parameters: [ParameterSpec] { [] }
  package func output(_ input: Extent) -> Extent { .row(images: input.images, width: input.channels) }

  private func runs(_ input: Extent) -> Runs {
    Runs(starts: [Int32(place == .first ? 0 : (input.pixels - 1) * input.channels)], length: input.channels)
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    MovedValues(input, output(input.extent), runs(input.extent))
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenMovedValues(
      output: output(input.with(images: 1)), inputCount: input.imageCount, places: runs(input))
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten("\(place) token", [], x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    let token = place == .first ? 0 : x.width - 1
    var y = PlainTensor(images: x.images, channels: x.channels)
    for n in 0..<x.images {
      for c in 0..<x.channels { y.values[y.offset(n, c, 0, 0)] = x.values[x.offset(n, c, 0, token)] }
    }
    return y
  }
}
