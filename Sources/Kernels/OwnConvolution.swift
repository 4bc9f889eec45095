import Basics
import CKernels

/// Convolution with this project's own kernels, for one instruction set: 3×3 with stride 1 or 2 by Winograd's method,
/// and 1×1 with stride 2.
package final class OwnConvolution: ConvolutionKernel, Sendable {
  package let shape: ConvolutionShape
  private let instructionSet: InstructionSet
  private let training: Bool
  private let algorithm: kernels_algorithm
  private let table: kernels_convolution_table
  /// The kernels for the weights' gradient.
  private let weightTable: kernels_convolution_table
  private let precision: Precision

  /// Nil for a shape that these kernels do not support.
  /// - Parameters:
  ///   - precision: must be `float32` on a CPU without bfloat16 products.
  ///   - level: for tests: the number of a kernel table other than the instruction set's.
  package init?(
    _ shape: ConvolutionShape, training: Bool, _ instructionSet: InstructionSet = .best,
    precision: Precision = .float32, level: Int32? = nil
  ) {
    switch (shape.kernel, shape.stride, shape.padding) {
    case (3, 1, 1): algorithm = kernels_winograd
    case (3, 2, 1): algorithm = kernels_strided
    case (1, 2, 0): algorithm = kernels_pointwise
    default: return nil
    }
    let tables = [ConvolutionPass.forward, .backwardWeights].map { [algorithm] pass in
      kernels_convolution_for(
        algorithm, level ?? instructionSet.rawValue, precision.narrows(pass, stride: shape.stride) ? 1 : 0
      ).pointee
    }
    (table, weightTable) = (tables[0], tables[1])
    self.precision = precision
    // The widest panel of any instruction set, so that all instruction sets support the same shapes.
    guard shape.inputChannels % 32 == 0, shape.outputChannels % 32 == 0 else { return nil }
    self.shape = shape
    self.training = training
    self.instructionSet = instructionSet
  }

  private var raw: kernels_convolution {
    kernels_convolution(
      images: Int32(shape.images), in_channels: Int32(shape.inputChannels), out_channels: Int32(shape.outputChannels),
      height: Int32(shape.height), width: Int32(shape.width), stride: Int32(shape.stride))
  }

  package var scratchCount: Int {
    Int(max(table.scratch(raw, training ? 1 : 0), weightTable.scratch(raw, training ? 1 : 0)))
  }

  package func packedCount(_ pass: ConvolutionPass) -> Int {
    pass == .backwardWeights ? shape.weightCount : Int(table.packed_count(raw))
  }

  package func name(_ pass: ConvolutionPass) -> String {
    let name =
      switch algorithm {
      case kernels_winograd: "winograd"
      case kernels_strided: "strided"
      default: "pointwise"
      }
    return "\(name):\(precision.narrows(pass, stride: shape.stride) ? "bfloat16" : instructionSet.name)"
  }

  package func pack(
    _ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>
  ) {
    table.pack(raw, weights, pass == .forward ? 0 : 1, packed)
  }

  package var gradientPieces: Int { shape.outputChannels / 16 }

  package func unpackGradient(
    _ packed: UnsafePointer<Float>, piece: Int, into weights: UnsafeMutablePointer<Float>
  ) {
    weightTable.unpack(raw, packed, Int32(piece), weights)
  }

  package func forward(
    _ x: Floats, prologue: Prologue?, packed: Floats, _ y: MutableFloats, epilogue: Epilogue, scratch: MutableFloats
  ) {
    var end = kernels_epilogue()
    switch epilogue {
    case .none: break
    case .moments(let mean, let m2):
      end.mean = mean
      end.m2 = m2
    case .norm(let norm):
      end.scale = norm.scale
      end.shift = norm.shift
      end.residual = norm.residual
      end.residual_scale = norm.residualPrologue?.scale
      end.residual_shift = norm.residualPrologue?.shift
      end.residual_relu = norm.residualRelu ? 1 : 0
      end.relu = norm.relu ? 1 : 0
    }
    table.forward(raw, x, Self.raw(prologue), packed, y, end, scratch)
  }

  package func backwardData(
    _ dy: Floats, packed: Floats, _ dx: MutableFloats, epilogue: GradientEpilogue, scratch: MutableFloats
  ) {
    let (addend, isEven): (Floats?, Bool) =
      switch epilogue.addend {
      case .whole(let all): (all, false)
      case .even(let some): (some, true)
      case nil: (nil, false)
      }
    let end = kernels_gradient_epilogue(
      addend: addend, even: isEven ? 1 : 0, compact: epilogue.isCompact ? 1 : 0, activation: epilogue.activation,
      prologue: Self.raw(epilogue.prologue), x: epilogue.sums?.x, mean: epilogue.sums?.mean, sums: epilogue.sums?.sums,
      products: epilogue.sums?.products)
    table.data(raw, dy, packed, dx, end, scratch)
  }

  package func backwardWeights(
    _ x: Floats, prologue: Prologue?, _ dy: MutableFloats, norm: NormGradient?, packed: MutableFloats,
    scratch: MutableFloats
  ) {
    let through = kernels_norm_gradient(gradient: norm?.gradient, a: norm?.a, b: norm?.b, c: norm?.c)
    weightTable.weights(raw, x, Self.raw(prologue), dy, through, packed, scratch)
  }

  private static func raw(_ prologue: Prologue?) -> kernels_prologue {
    kernels_prologue(scale: prologue?.scale, shift: prologue?.shift)
  }
}
