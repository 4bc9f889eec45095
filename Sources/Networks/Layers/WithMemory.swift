import Kernels

/// Two sequences of layers: one for the rows of a memory, such as an audio clip's windows, and one for tokens, in which
/// each `CrossAttention` attends to the memory.
///
/// An image of the input is one row: the memory's values row by row, then the tokens' values row by row. In training,
/// images may have fewer rows of either kind (`RowCounts`); the rows that they have come first.
package struct WithMemory: LayerDescription {
  /// The largest number of rows, and the values of a row.
  package struct Size: Sendable, Equatable {
    package var rows: Int
    package var width: Int

    package init(rows: Int, width: Int) { (self.rows, self.width) = (rows, width) }

    var count: Int { rows * width }
    func extent(_ images: Int) -> Extent { .tokens(images: images, count: rows, width: width) }
  }

  package let memory: Size
  package let tokens: Size
  package let memoryLayers: [any LayerDescription]
  package let tokenLayers: [any LayerDescription]

  package init(
    memory: Size, _ memoryLayers: [any LayerDescription], tokens: Size, _ tokenLayers: [any LayerDescription]
  ) {
    (self.memory, self.tokens) = (memory, tokens)
    (self.memoryLayers, self.tokenLayers) = (memoryLayers, tokenLayers)
  }

  /// The input of `images` images.
  package func input(images: Int) -> Extent { .row(images: images, width: memory.count + tokens.count) }

  package var parameters: [ParameterSpec] { (memoryLayers + tokenLayers).flatMap(\.parameters) }
  package func output(_ input: Extent) -> Extent {
    tokenLayers.reduce(tokens.extent(input.images)) { $1.output($0) }
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    try TrainingWithMemory(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    let outer = context.memoryRows
    defer { context.memoryRows = outer }
    let chain = try FrozenChain(memoryLayers, memory.extent(1), context)
    context.memoryRows = memory.rows
    return FrozenWithMemory(
      layer: self, memory: chain, tokens: try FrozenChain(tokenLayers, tokens.extent(1), context))
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    let memory = memoryLayers.reduce(graph.unwritten("memory", [], x)) { $1.operators($0, into: &graph) }
    let tokens = tokenLayers.reduce(graph.unwritten("tokens", [], x)) { $1.operators($0, into: &graph) }
    graph.add(.unwritten("with memory", []), [memory, tokens], "\(tokens).joined")
    return "\(tokens).joined"
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    func rows(_ size: Size, from first: Int) -> PlainTensor {
      var y = PlainTensor(images: x.images, channels: size.width, width: size.rows)
      for n in 0..<x.images {
        for t in 0..<size.rows {
          for c in 0..<size.width {
            y.values[y.offset(n, c, 0, t)] = x.values[x.offset(n, first + t * size.width + c, 0, 0)]
          }
        }
      }
      return y
    }
    var inside = values
    inside.memory = memoryLayers.reduce(rows(memory, from: 0)) { $1.plain($0, values) }
    return tokenLayers.reduce(rows(tokens, from: memory.count)) { $1.plain($0, inside) }
  }
}

/// The memory that tokens attend to in training, and the sum of its gradients from all layers that attend to it.
package final class TrainingMemory: Sendable {
  let activation: Activation
  private let gradient: FloatBuffer

  init(_ activation: Activation) {
    self.activation = activation
    gradient = FloatBuffer(activation.extent.count)
  }

  func gradientPlace(_ part: Int) -> MutableFloats {
    gradient.start + activation.microbatches[part].lowerBound * activation.extent.imageCount
  }
}

private final class TrainingWithMemory: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation
  /// The input's two parts.
  private let (memory, tokens): (Activation, Activation)
  private let memoryChain: TrainingChain
  private let tokenChain: TrainingChain
  private let seen: TrainingMemory

  init(_ layer: WithMemory, _ input: Activation, _ context: TrainingContext) throws {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "WithMemory reads finished values")
    self.input = input
    let half = { (size: WithMemory.Size, stream: RowCounts.Stream) in
      Activation(
        size.extent(input.extent.images), context.microbatches,
        counts: context.pass.counts(stream, most: size.rows, context.microbatches))
    }
    (memory, tokens) = (half(layer.memory, .memory), half(layer.tokens, .tokens))
    memoryChain = try TrainingChain(layer.memoryLayers, behind: memory, context)
    seen = TrainingMemory(memoryChain.output)
    var inside = context
    inside.memory = seen
    tokenChain = try TrainingChain(layer.tokenLayers, behind: tokens, inside)
    output = tokenChain.output
  }

  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] {
    memoryChain.preparation(for: pass) + tokenChain.preparation(for: pass)
  }

  var forward: [Step] {
    let splitting = Step(run: { part, _ in
      self.each(part) { whole, half, count in half.update(from: whole, count: count) }
    })
    return [splitting] + memoryChain.forward + tokenChain.forward
  }

  var backward: [Step] {
    let clearing = Step(run: { part, _ in
      self.seen.gradientPlace(part).update(repeating: 0, count: self.seen.activation.count(part))
    })
    let handing = Step(run: { part, _ in
      self.seen.activation.place(part).update(
        from: self.seen.gradientPlace(part), count: self.seen.activation.count(part))
    })
    let joining = Step(run: { part, _ in
      self.input.place(part).update(repeating: 0, count: self.input.count(part))
      self.each(part) { whole, half, count in whole.update(from: half, count: count) }
      self.input.gradientIsWritten?(part)
    })
    return [clearing] + tokenChain.backward + [handing] + memoryChain.backward + [joining]
  }

  /// Calls `body` for each image's memory and tokens with their place in the input and in their own part.
  private func each(_ part: Int, _ body: (_ whole: MutableFloats, _ half: MutableFloats, _ count: Int) -> Void) {
    for (half, first) in [(memory, 0), (tokens, memory.extent.imageCount)] {
      for (image, rows) in half.images(part).enumerated() {
        body(
          input.place(part) + image * input.extent.imageCount + first,
          half.place(part) + rows.lowerBound * half.extent.channels, rows.count * half.extent.channels)
      }
    }
  }
}

/// The layer with frozen weights, in which all images have all rows.
private struct FrozenWithMemory: FrozenLayer {
  let layer: WithMemory
  let memory: FrozenChain
  let tokens: FrozenChain

  var output: Extent { tokens.output }
  var convolutions: [FrozenConvolution] { memory.convolutions + tokens.convolutions }

  func scratchCount(images: Int) -> Int {
    images * (max(layer.memory.count, layer.tokens.count) + memory.output.imageCount)
      + max(memory.scratchCount(images: images), tokens.scratchCount(images: images))
  }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) throws {
    let seen = scratch + images * max(layer.memory.count, layer.tokens.count)
    let rest = seen + images * memory.output.imageCount
    let whole = layer.memory.count + layer.tokens.count
    for image in 0..<images {
      (scratch + image * layer.memory.count).update(from: x + image * whole, count: layer.memory.count)
    }
    try memory.forward(scratch, seen, images: images, scratch: rest, packing)
    for image in 0..<images {
      (scratch + image * layer.tokens.count).update(
        from: x + image * whole + layer.memory.count, count: layer.tokens.count)
    }
    try tokens.forward(scratch, y, images: images, scratch: rest, packing.with(memory: Floats(seen)))
  }
}
