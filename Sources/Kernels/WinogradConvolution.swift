import Basics
import CKernels

/// Stride-1 3×3 convolution by Winograd's F(4×4, 3×3) in this project's own kernels, for one instruction set.
package final class WinogradConvolution: ConvolutionKernel, Sendable {
  package let shape: ConvolutionShape
  private let instructionSet: InstructionSet
  private let training: Bool
  private let table: kernels_winograd_table

  /// Nil for a shape that these kernels do not serve.
  package init?(_ shape: ConvolutionShape, training: Bool, _ instructionSet: InstructionSet = .best) {
    table = kernels_winograd_for(instructionSet.rawValue).pointee
    let panel = Int(table.panel)
    guard shape.kernel == 3, shape.stride == 1, shape.padding == 1, shape.inputChannels % panel == 0,
      shape.outputChannels % panel == 0, shape.inputChannels % 16 == 0
    else { return nil }
    self.shape = shape
    self.training = training
    self.instructionSet = instructionSet
  }

  private var raw: kernels_convolution {
    kernels_convolution(
      images: Int32(shape.images), in_channels: Int32(shape.inputChannels), out_channels: Int32(shape.outputChannels),
      height: Int32(shape.height), width: Int32(shape.width))
  }

  /// The same convolution seen from its result: what the gradient of the input goes through.
  private var reversed: kernels_convolution {
    var other = raw
    swap(&other.in_channels, &other.out_channels)
    return other
  }

  package var scratchCount: Int { Int(max(table.scratch(raw, training ? 1 : 0), table.scratch(reversed, 0))) }

  package func packedCount(_ pass: ConvolutionPass) -> Int {
    (pass == .backwardWeights ? 9 : 36) * shape.inputChannels * shape.outputChannels
  }

  package func name(_ pass: ConvolutionPass) -> String { "winograd:\(instructionSet)" }

  package func pack(
    _ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>
  ) {
    if pass == .forward { table.pack(raw, weights, 0, packed) } else { table.pack(reversed, weights, 1, packed) }
  }

  package func unpackGradient(_ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) {
    table.unpack(raw, packed, weights)
  }

  package func forward(
    _ x: Floats, gate: InputGate?, packed: Floats, _ y: Output, finish: ResultFinish, scratch: Output
  ) {
    var end = kernels_finish()
    switch finish {
    case .none: break
    case .moments(let mean, let squares):
      end.mean = mean
      end.squares = squares
    case .norm(let norm):
      end.scale = norm.scale
      end.shift = norm.shift
      end.residual = norm.residual
      end.residual_scale = norm.residualGate?.scale
      end.residual_shift = norm.residualGate?.shift
      end.residual_relu = norm.residualRelu ? 1 : 0
      end.relu = norm.relu ? 1 : 0
    }
    table.forward(raw, x, Self.raw(gate), packed, y, end, scratch)
  }

  package func backwardData(_ dy: Floats, packed: Floats, _ dx: Output, merge: GradientMerge, scratch: Output) {
    let end = kernels_merge(
      adds: merge.adds ? 1 : 0, activation: merge.activation, gate: Self.raw(merge.gate), x: merge.sums?.x,
      mean: merge.sums?.mean, sums: merge.sums?.sums, products: merge.sums?.products)
    table.data(raw, dy, packed, dx, end, scratch)
  }

  package func backwardWeights(
    _ x: Floats, gate: InputGate?, _ dy: Output, norm: NormGradient?, packed: Output, scratch: Output
  ) {
    let through = kernels_norm_gradient(gradient: norm?.gradient, a: norm?.a, b: norm?.b, c: norm?.c)
    table.weights(raw, x, Self.raw(gate), dy, through, packed, scratch)
  }

  private static func raw(_ gate: InputGate?) -> kernels_gate { kernels_gate(scale: gate?.scale, shift: gate?.shift) }
}
