import Basics
import Kernels

/// In training, sets random values to zero and scales the others up. The choice depends only on seed, epoch, clip and
/// place, not on batch order or thread.
package struct Dropout: LayerDescription {
  package static let rate = 0.1

  /// The name by which the pass finds this layer's factors.
  package let name: String

  package init(_ name: String) { self.name = name }

  package var parameters: [ParameterSpec] { [] }
  package func output(_ input: Extent) -> Extent { input }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    let mask = Mask()
    return PreparedElementwiseLayer(
      ElementwiseLayer(
        input,
        forward: { x, y, count, first in
          guard let factors = mask.factors else { return y.update(from: x, count: count) }
          for i in 0..<count { y[i] = x[i] * factors[first + i] }
        },
        backward: { gradient, x, count, first in
          guard let factors = mask.factors else { return x.update(from: gradient, count: count) }
          for i in 0..<count { x[i] = gradient[i] * factors[first + i] }
        })
    ) { [name, width = input.extent.imageCount] in mask.factors = context.pass.dropout?(name, width) }
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? { nil }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String { x }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    guard let factors = values.dropout?(name, x.channels) else { return x }
    return x.multiplied(by: factors.map(Double.init))
  }

  /// `[clips, width]` factors of 0 or 1 / (1 − rate).
  package static func factors(seed: UInt64, purpose: String, epoch: Int, clips: [String], width: Int) -> [Float] {
    let kept = Float(1 / (1 - rate))
    var result: [Float] = []
    result.reserveCapacity(clips.count * width)
    for clip in clips {
      var random = SeededRandom(seed: seed, for: purpose + "\0" + clip, UInt64(epoch))
      for _ in 0..<width { result.append(random.uniform() < rate ? 0 : kept) }
    }
    return result
  }

  /// This pass's factors.
  private final class Mask: @unchecked Sendable { var factors: [Float]? }
}

/// An element-wise layer that reads the values of the pass before each forward pass.
private struct PreparedElementwiseLayer: Layer {
  private let layer: ElementwiseLayer
  private let prepare: @Sendable () -> Void

  init(_ layer: ElementwiseLayer, prepare: @escaping @Sendable () -> Void) {
    (self.layer, self.prepare) = (layer, prepare)
  }

  var output: Activation { layer.output }
  var forward: [Step] { layer.forward }
  var backward: [Step] { layer.backward }
  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] { pass == .forward ? [prepare] : [] }
}
