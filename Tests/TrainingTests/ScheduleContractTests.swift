import Basics
import Testing

@testable import Training

/// The contract of every schedule in `builtInSchedules`.
@Suite("Every learning rate schedule")
struct ScheduleContractTests {
  static let names = builtInSchedules.map { $0.name }

  /// The learning rates of a training with these validation losses; nil means that none was measured.
  private func rates(_ name: String, base: Double, epochs: Int, losses: (Int) -> Double?) throws -> [Double] {
    let schedule = try schedule(named: name)
    var state: [String: Double] = [:]
    return (0..<epochs).map { epoch in
      let rate = schedule.rate(base: base, epoch: epoch, epochs: epochs, state: state)
      if let loss = losses(epoch) { schedule.observe(validationLoss: loss, base: base, state: &state) }
      return rate
    }
  }

  private func random(_ seed: UInt64) -> (Int) -> Double? {
    { epoch in
      var random = SeededRandom(seed: seed, for: "loss", UInt64(epoch))
      return random.uniform() < 0.2 ? nil : 4 * random.uniform()
    }
  }

  @Test("has a unique name; an unknown name is refused with the list of names")
  func naming() {
    #expect(Set(Self.names).count == Self.names.count)
    do {
      _ = try schedule(named: "linear")
      Issue.record("no schedule is called linear")
    } catch { #expect(Self.names.allSatisfy { "\(error)".contains($0) }) }
  }

  @Test("begins at the base rate, stays above zero and never exceeds it, whatever the losses", arguments: names)
  func range(name: String) throws {
    for base in [1e-5, 1e-3, 1] {
      for epochs in [1, 2, 7, 200] {
        for seed in 0..<20 {
          let rates = try rates(name, base: base, epochs: epochs, losses: random(UInt64(seed)))
          #expect(rates[0] == base)
          #expect(rates.allSatisfy { $0.isFinite && $0 > 0 && $0 <= base }, "\(epochs) epochs, losses \(seed)")
        }
      }
    }
  }

  @Test("keeps its range when losses are NaN or infinite", arguments: names)
  func notFinite(name: String) throws {
    let rates = try rates(name, base: 1e-3, epochs: 30) { [.nan, .infinity, 1][$0 % 3] }
    #expect(rates.allSatisfy { $0.isFinite && $0 > 0 && $0 <= 1e-3 })
  }

  @Test("depends only on its state: the same losses give the same rates, also after a restart", arguments: names)
  func deterministic(name: String) throws {
    let whole = try rates(name, base: 1e-3, epochs: 40, losses: random(3))
    #expect(try rates(name, base: 1e-3, epochs: 40, losses: random(3)) == whole)
    // A checkpoint stores the state as JSON; here each epoch simulates a new process.
    var kept = try CanonicalJSON.bytes([String: Double]())
    for epoch in 0..<40 {
      var state = try CanonicalJSON.decode([String: Double].self, from: kept, source: "state")
      let schedule = try schedule(named: name)
      #expect(schedule.rate(base: 1e-3, epoch: epoch, epochs: 40, state: state) == whole[epoch])
      if let loss = random(3)(epoch) { schedule.observe(validationLoss: loss, base: 1e-3, state: &state) }
      kept = try CanonicalJSON.bytes(state)
    }
  }

  @Test("plateau: a tenth after six epochs without improvement, then again, but not below 1e-6")
  func plateau() throws {
    let flat = try rates("plateau", base: 1e-4, epochs: 30) { _ in 1 }
    // A criterion may be negative, such as a negated score.
    #expect(try rates("plateau", base: 1e-4, epochs: 30) { _ in -1 } == flat)
    // Epoch 0 is the best; the next six are not better.
    #expect(flat[0...6].allSatisfy { $0 == 1e-4 } && abs(flat[7] - 1e-5) < 1e-12)
    #expect(abs(flat[13] - 1e-6) < 1e-12 && flat[29] == 1e-6)
    #expect(try rates("plateau", base: 1e-4, epochs: 30) { 1 / Double($0 + 1) }.allSatisfy { $0 == 1e-4 })
  }

  @Test("cosine: half the base rate in the middle, and never rising")
  func cosine() throws {
    let rates = try rates("cosine", base: 1e-3, epochs: 10) { _ in nil }
    #expect(abs(rates[5] - 5e-4) < 1e-12 && zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
  }
}
