import Kernels

/// x · Φ(x), or its quick approximation, for each value.
package struct GELU: LayerDescription {
  package let kind: GELUKind

  package init(_ kind: GELUKind) { self.kind = kind }

  package var parameters: [ParameterSpec] { [] }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    let (kind, ops) = (kind, context.backend.ops)
    return ElementwiseLayer(
      input, forward: { x, y, count, _ in ops.gelu(kind, count, x, y) },
      backward: { gradient, x, count, _ in ops.geluGradient(kind, count, gradient: gradient, x) })
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenGELU(kind: kind, output: input, ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten(kind.rawValue, [], x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor { x.mapped(kind.value) }
}

private struct FrozenGELU: FrozenLayer {
  let kind: GELUKind
  let output: Extent
  let ops: any Ops

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    ops.gelu(kind, images * output.imageCount, x, y)
  }
}
