// Results of other workspaces: what is looked up, what is used, and what is offered.

import Basics
import Synchronization
import Testing

@testable import StageGraph

/// A store in memory that several workspaces share.
private final class Shared: SharedResults {
  let kept = Mutex<[Digest: [NamedOutput]]>([:])
  let asked = Mutex<[String]>([])
  let stages: Set<String>

  init(_ stages: Set<String> = ["scale", "sign", "total", "parity"]) { self.stages = stages }

  func holds(stage: String) -> Bool { stages.contains(stage) }

  func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]? {
    asked.withLock { $0.append(stage) }
    return kept.withLock { $0[fingerprint] }
  }

  func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput]) {
    kept.withLock { $0[fingerprint] = outputs }
  }
}

@Suite("Results of other workspaces") struct SharedResultsTests {
  let one = TestDirectory()
  let other = TestDirectory()
  let leaves = ["a": 3, "b": 5, "c": 7]

  private func build(
    _ directory: TestDirectory, _ shared: Shared, force: Set<String> = [], execute: Runner.Execute? = nil
  ) throws -> (outcome: RunOutcome, ran: Set<ActionID>, sum: Int?) {
    let arithmetic = Arithmetic(directory.path)
    let store = try ArtifactStore(Catalog.writer(directory.path))
    defer { store.catalog.endWriting() }
    let plan = try Planner.plan(
      stages: Arithmetic.stages(), actions: Arithmetic.actions(leaves), history: store.history(), force: force)
    let outcome = try Runner(store: store, workers: 3, shared: shared, isInterrupted: { false })
      .run(plan, execute: execute ?? arithmetic.execute(leaves))
    return (
      outcome, Set(arithmetic.ran.withLock { $0 }),
      try arithmetic.number(outcome, Arithmetic.id("total"), "sum", store)
    )
  }

  @Test("a second workspace runs nothing, and holds the same bytes as the first")
  func secondWorkspace() throws {
    let shared = Shared()
    let first = try build(one, shared)
    #expect(first.ran.count == 8 && first.outcome.fetched == [] && shared.kept.withLock { $0.count } == 8)
    let second = try build(other, shared)
    #expect(second.ran == [] && second.outcome.ran == [] && second.outcome.fetched.count == 8 && second.sum == 30)
    for (id, record) in first.outcome.records {
      #expect(second.outcome[id]?.outputs == record.outputs && second.outcome[id]?.fingerprint == record.fingerprint)
    }
    // Fetched results now belong to this workspace.
    shared.kept.withLock { $0 = [:] }
    shared.asked.withLock { $0 = [] }
    let third = try build(other, shared)
    #expect(third.ran == [] && third.sum == 30 && shared.asked.withLock { $0 } == [])
  }

  @Test("results in the workspace are not looked up, and results found nowhere are computed")
  func partly() throws {
    let shared = Shared(["scale"])
    _ = try build(one, shared)
    #expect(shared.kept.withLock { $0.count } == 3)
    let second = try build(other, shared)
    #expect(second.ran.count == 5 && second.outcome.fetched.map(\.stage) == ["scale", "scale", "scale"])
    #expect(second.sum == 30 && shared.asked.withLock { $0 } == [String](repeating: "scale", count: 6))
  }

  @Test("a forced action always runs")
  func forced() throws {
    let shared = Shared()
    _ = try build(one, shared)
    let second = try build(other, shared, force: ["scale"])
    #expect(second.ran == Set(["a", "b", "c"].map { Arithmetic.id("scale", $0) }))
  }

  @Test("a result that is not final is not offered")
  func notFinal() throws {
    let shared = Shared()
    let execute = Arithmetic(one.path).execute(leaves)
    _ = try build(one, shared) { action, inputs in
      var result = try execute(action, inputs)
      if action.id == Arithmetic.id("scale", "b") { result.isFinal = false }
      return result
    }
    #expect(shared.kept.withLock { $0.count } == 7)
    #expect(try build(other, shared).ran == [Arithmetic.id("scale", "b")])
  }
}
