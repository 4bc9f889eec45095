import CSystem

/// The widest vector instructions that kernels may use.
package enum InstructionSet: Int32, Sendable, Comparable, CaseIterable {
  case portable = 0
  case avx2 = 1
  case avx512 = 2

  package static let best = InstructionSet(rawValue: system_instruction_set()) ?? .portable

  package var name: String { "\(self)" }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
