import CSystem

/// The widest vector instructions that kernels may use.
package enum InstructionSet: Int32, Sendable, Comparable, CaseIterable {
  case portable = 0
  case avx2 = 1
  case avx512 = 2

  package static let best = InstructionSet(rawValue: system_instruction_set()) ?? .portable

  /// Whether this CPU multiplies pairs of bfloat16 values and sums them in single precision.
  package static let hasBFloat16 = system_has_bfloat16() != 0

  package var name: String { "\(self)" }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
