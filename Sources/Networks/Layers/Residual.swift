import Kernels

/// x + f(x), where f is a sequence of layers that keeps the size.
package struct Residual: LayerDescription {
  package let layers: [any LayerDescription]

  package init(_ layers: [any LayerDescription]) { self.layers = layers }

  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    try TrainingResidual(layers, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenResidual(inner: try FrozenChain(layers, input, context), output: input, ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    let inner = layers.reduce(x) { $1.operators($0, into: &graph) }
    graph.add(.add, [x, inner], "\(inner).sum")
    return "\(inner).sum"
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    x.adding(layers.reduce(x) { $1.plain($0, values) })
  }
}

private final class TrainingResidual: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation
  /// The input of the layers inside: a copy, since they overwrite their input with its gradient.
  private let copy: Activation
  private let inner: TrainingChain
  private let ops: any Ops

  init(_ layers: [any LayerDescription], _ input: Activation, _ context: TrainingContext) throws {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "Residual reads finished values")
    (self.input, ops) = (input, context.backend.ops)
    copy = Activation(input.extent, context.microbatches, counts: input.counts)
    inner = try TrainingChain(layers, behind: copy, context)
    output = Activation(input.extent, context.microbatches, counts: input.counts)
  }

  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] { inner.preparation(for: pass) }

  private func count(_ part: Int) -> Int { input.count(part) }

  var forward: [Step] {
    let copying = Step(run: { part, _ in
      self.copy.place(part).update(from: self.input.place(part), count: self.count(part))
    })
    let adding = Step(run: { part, _ in
      let place = self.output.place(part)
      place.update(from: self.input.place(part), count: self.count(part))
      self.ops.add(self.count(part), place, self.inner.output.place(part))
    })
    return [copying] + inner.forward + [adding]
  }

  var backward: [Step] {
    let copying = Step(run: { part, _ in
      self.inner.output.place(part).update(from: self.output.place(part), count: self.count(part))
    })
    let adding = Step(run: { part, _ in
      let place = self.input.place(part)
      place.update(from: self.output.place(part), count: self.count(part))
      self.ops.add(self.count(part), place, self.copy.place(part))
      self.input.gradientIsWritten?(part)
    })
    return [copying] + inner.backward + [adding]
  }
}

private struct FrozenResidual: FrozenLayer {
  let inner: FrozenChain
  let output: Extent
  let ops: any Ops

  var convolutions: [FrozenConvolution] { inner.convolutions }
  func scratchCount(images: Int) -> Int { inner.scratchCount(images: images) }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) throws {
    try inner.forward(x, y, images: images, scratch: scratch, packing)
    ops.add(images * output.imageCount, y, x)
  }
}
