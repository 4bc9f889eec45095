import Kernels

/// A sequence of layers inside a layer that consists of them.
struct TrainingChain: Sendable {
  let layers: [any Layer]
  let output: Activation

  init(_ descriptions: [any LayerDescription], behind input: Activation, _ context: TrainingContext) throws {
    var (made, last) = ([any Layer](), input)
    for description in descriptions {
      let layer = try description.training(last, context)
      made.append(layer)
      last = layer.output
    }
    (layers, output) = (made, last)
  }

  var forward: [Step] { layers.flatMap(\.forward) }
  var backward: [Step] { layers.reversed().flatMap(\.backward) }

  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] {
    layers.flatMap { $0.preparation(for: pass) }
  }
}

/// The same with frozen weights. The activations between layers are in the scratch memory.
struct FrozenChain: FrozenLayer {
  let layers: [any FrozenLayer]
  let output: Extent

  init(_ descriptions: [any LayerDescription], _ input: Extent, _ context: FrozenContext) throws {
    var (made, extent) = ([any FrozenLayer](), input)
    for description in descriptions {
      guard let layer = try description.frozen(extent, context) else { continue }
      made.append(layer)
      extent = layer.output
    }
    (layers, output) = (made, extent)
  }

  var convolutions: [FrozenConvolution] { layers.flatMap(\.convolutions) }

  /// Floats of the largest activation between two layers, for one image.
  private var between: Int { layers.dropLast().map(\.output.imageCount).max() ?? 0 }

  func scratchCount(images: Int) -> Int {
    2 * images * between + (layers.map { $0.scratchCount(images: images) }.max() ?? 0)
  }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) throws {
    guard !layers.isEmpty else { return y.update(from: x, count: images * output.imageCount) }
    let (first, second) = (scratch, scratch + images * between)
    var from = x
    for (place, layer) in layers.enumerated() {
      let to = place == layers.count - 1 ? y : place % 2 == 0 ? first : second
      try layer.forward(from, to, images: images, scratch: scratch + 2 * images * between, packing)
      from = Floats(to)
    }
  }
}
