import CKernels

/// A weight's numbers in place, for example in a mapped file that the owner keeps in memory. They are converted to
/// single precision when they are read, without rounding.
package struct WeightNumbers: @unchecked Sendable {
  package enum Kind: Sendable { case float32, float16, bfloat16 }

  let start: UnsafeRawPointer
  package let kind: Kind

  package init(_ start: UnsafeRawPointer, _ kind: Kind) { (self.start, self.kind) = (start, kind) }

  package init(_ floats: Floats) { self.init(UnsafeRawPointer(floats), .float32) }

  /// Nil for 16-bit numbers.
  package var floats: Floats? { kind == .float32 ? start.assumingMemoryBound(to: Float.self) : nil }

  /// The numbers from `offset` on.
  package func dropping(_ offset: Int) -> WeightNumbers {
    WeightNumbers(start + offset * (kind == .float32 ? 4 : 2), kind)
  }

  /// Converts `count` numbers from `offset` on to single precision.
  package func widen(_ count: Int, from offset: Int = 0, into place: MutableFloats) {
    guard count > 0, let table = kernels_matrix_for(InstructionSet.inUse.rawValue)?.pointee else { return }
    table.widen(Int64(count), raw, dropping(offset).start, place)
  }

  var raw: kernels_number {
    switch kind {
    case .float32: kernels_float32
    case .float16: kernels_float16
    case .bfloat16: kernels_bfloat16
    }
  }
}
