import Basics
import CKernels
import COneDNN

/// Own kernels for the encoder's convolutions, oneDNN for those of other shapes, CKernels for the rest.
package struct FastBackend: Backend {
  package let ops: any Ops
  /// As asked for, or `float32` where the instruction set has no bfloat16.
  package let precision: Precision
  private let instructionSet: InstructionSet

  /// - Parameter instructionSet: lower than the CPU's own to force a path; takes effect once, before any convolution
  ///   runs.
  package init(_ instructionSet: InstructionSet = .best, precision: Precision = .float32) {
    self.instructionSet = min(instructionSet, .best)
    self.precision = self.instructionSet == .avx512 && InstructionSet.hasBFloat16 ? precision : .float32
    ops = VectorOps(self.instructionSet)
    if self.instructionSet < .best { _ = onednn_limit_isa(self.instructionSet.rawValue) }
  }

  package func convolution(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool) throws
    -> any ConvolutionKernel
  {
    if let own = OwnConvolution(shape, training: training, instructionSet, precision: precision) { return own }
    return try OneDNNConvolution(shape, training: training, dataGradient: dataGradient, ops: ops)
  }

  package func stem(_ shape: StemShape) -> any StemKernel {
    FastStem(shape, instructionSet) ?? PlainStem(shape)
  }

  package var identity: [String: String] {
    var names = [
      "isa": instructionSet.name, "own": "4", "onednn": String(cString: onednn_version()), "openblas": Matrix.identity,
      // Who compiled the kernels, and whose exp and log the losses take.
      "compiler": String(cString: kernels_compiler()), "libc": String(cString: kernels_libc()),
    ]
    if precision != .float32 { names["products"] = precision.rawValue }
    return names
  }
}
