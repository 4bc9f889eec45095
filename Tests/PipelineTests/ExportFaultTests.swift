import Basics
import Tensors
import TestSupport
import Testing

@testable import Export

@Suite("An export on a failing disk")
struct ExportFaultTests {
  private func weights(_ seed: UInt64) throws -> NamedTensors {
    var random = SeededRandom(seed: seed)
    // Larger than the buffer, so that there are several writes.
    let large = (0..<400_000).map { _ in Float(random.uniform()) }
    return try NamedTensors([
      ("a", Tensor(shape: [3], floats: [1, 2, Float(seed)])), ("large", Tensor(shape: [400_000], floats: large)),
    ])
  }

  @Test("whichever operation fails, the old or the new weights are there", arguments: ["bin", "pt", "safetensors"])
  func faults(ending: String) throws {
    let (old, new) = (try weights(1), try weights(2))
    func write(_ weights: NamedTensors, _ directory: String) throws {
      _ = try WeightOutput.write(weights, metadata: ["version": "1"], to: "\(directory)/w.\(ending)") { _ in }
    }
    let outcome = try FaultWalk(
      before: { try write(old, $0) }, work: { try write(new, $0) },
      state: { "\(try Digest.ofFile("\($0)/w.\(ending)").short)" }
    ).run()
    #expect(outcome.problems == [])
    #expect(outcome.operations >= 8)
  }
}
