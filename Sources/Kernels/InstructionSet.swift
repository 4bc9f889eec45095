import CSystem
import Synchronization

/// The widest vector instructions that kernels may use.
package enum InstructionSet: Int32, Sendable, Comparable, CaseIterable {
  case portable = 0
  case avx2 = 1
  case avx512 = 2

  package static let best = InstructionSet(rawValue: system_instruction_set()) ?? .portable

  /// Whether this CPU can multiply pairs of bfloat16 values and sum the products in single precision.
  package static let hasBFloat16 = system_has_bfloat16() != 0

  /// The instruction set for kernels that get no backend. Results do not depend on it.
  package static var inUse: InstructionSet {
    get { InstructionSet(rawValue: chosen.load(ordering: .relaxed)) ?? best }
    set { chosen.store(min(newValue, best).rawValue, ordering: .relaxed) }
  }

  private static let chosen = Atomic<Int32>(best.rawValue)

  package var name: String { "\(self)" }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
