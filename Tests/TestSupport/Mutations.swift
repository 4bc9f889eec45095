import Basics
import Foundation

/// Randomly damaged files: readers of untrusted files must return a result or refuse, whatever the bytes.
package enum Mutations {
  /// `PIPELINE_SEED`, or else a new seed each time. It is printed before the work, so that a crash can be reproduced.
  package static func seed(_ what: String) -> UInt64 {
    let named = ProcessInfo.processInfo.environment["PIPELINE_SEED"].flatMap { UInt64($0) }
    let seed = named ?? UInt64.random(in: 0..<1 << 32)
    print("mutations of \(what): PIPELINE_SEED=\(seed)")
    return seed
  }

  /// One to four changes: flipped bits, special byte values, cuts, repeated parts, noise.
  package static func mutated(_ original: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = original
    func place() -> Int { Int(random.next() % UInt64(max(1, bytes.count))) }
    for _ in 0...Int(random.next() % 4) {
      if bytes.isEmpty { return bytes }
      switch random.next() % 6 {
      case 0: bytes[place()] ^= 1 << UInt8(random.next() % 8)
      case 1: bytes[place()] = [0, 1, 0x7F, 0x80, 0xFF, 0x28, 0x2E, 0x52][Int(random.next() % 8)]
      case 2: bytes.removeLast(min(bytes.count, Int(random.next() % 64)))
      case 3: bytes.removeSubrange(place()..<bytes.count)
      case 4:
        let from = place()
        let part = Array(bytes[from..<min(bytes.count, from + 16)])
        bytes.insert(contentsOf: part, at: place())
      default:
        let at = place()
        for k in at..<min(bytes.count, at + 8) { bytes[k] = UInt8(truncatingIfNeeded: random.next()) }
      }
    }
    return bytes
  }

  /// Calls `read` with many damaged versions of a file; half are damaged only in the first `head` bytes, where most
  /// formats describe their layout.
  ///
  /// - Returns: the errors that are not a `Failure`.
  package static func problems(
    of original: [UInt8], _ what: String, trials: Int, head: Int = 1024, read: ([UInt8]) throws -> Void
  ) -> [String] {
    let seed = seed(what)
    var random = SeededRandom(seed: seed, for: what)
    var problems: [String] = []
    for trial in 0..<trials {
      let cut = trial % 2 == 0 ? original.count : min(head, original.count)
      let bytes = mutated(Array(original[..<cut]), &random) + original[cut...]
      do {
        try read(bytes)
      } catch  where error is Failure {
      } catch { problems.append("seed \(seed), trial \(trial): \(error)") }
    }
    return problems
  }

  /// Writes without the fsync that real files get.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}
