import Basics
import CKernels

/// The first layer in this project's own kernels (stem.inc), for one instruction set.
package struct FastStem: StemKernel {
  package let shape: StemShape
  private let instructionSet: InstructionSet
  private let table: kernels_stem_table

  /// Nil for a shape that these kernels do not support.
  package init?(_ shape: StemShape, _ instructionSet: InstructionSet = .best) {
    table = kernels_stem_for(instructionSet.rawValue).pointee
    guard shape.channels % Int(table.group) == 0, shape.channels % 32 == 0 else { return nil }
    self.shape = shape
    self.instructionSet = instructionSet
  }

  private var raw: kernels_stem {
    kernels_stem(
      images: Int32(shape.images), channels: Int32(shape.channels), height: Int32(shape.height),
      width: Int32(shape.width))
  }

  package var scratchCount: Int { Int(table.scratch(raw)) }
  package var name: String { "stem:\(instructionSet)" }
  package func pack(_ weights: Floats, into packed: MutableFloats) { table.pack(raw, weights, packed) }

  package func forward(
    _ x: Floats, packed: Floats, sign: Floats, _ y: MutableFloats, winner: UnsafeMutablePointer<UInt8>?,
    moments: (mean: Sums, m2: Sums)?, scratch: MutableFloats
  ) {
    table.forward(raw, x, packed, sign, y, winner, moments?.mean, moments?.m2, scratch)
  }

  package func backwardWeights(
    _ x: Floats, packed: Floats, gradient: Floats, winner: UnsafePointer<UInt8>, a: Floats, b: Floats, c: Floats,
    packedGradient: MutableFloats, scratch: MutableFloats
  ) {
    table.weights(raw, x, packed, gradient, winner, a, b, c, packedGradient, scratch)
  }
}
