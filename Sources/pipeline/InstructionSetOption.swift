import ArgumentParser
import Basics
import Kernels

struct InstructionSetOption: ParsableArguments {
  @Option(
    name: .customLong("isa"),
    help: .value(
      "set",
      "Instruction set: avx512, avx2 or portable; no weight depends on it. (default: the best this CPU has)"))
  private var given: InstructionSet?

  /// - Throws: `isa.absent`.
  func chosen() throws -> InstructionSet {
    let set = given ?? .best
    guard set <= .best else {
      throw Failure(
        "isa.absent", "this CPU does not have the instruction set", on: set.name,
        expected: "at most \(InstructionSet.best.name)", exit: .usage)
    }
    return set
  }
}
