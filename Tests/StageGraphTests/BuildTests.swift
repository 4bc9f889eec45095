// What runs again, and what does not.

import Basics
import Foundation
import Synchronization
import Testing

@testable import StageGraph

@Suite struct BuildTests {
  let directory = TestDirectory()
  var arithmetic: Arithmetic { Arithmetic(directory.path) }
  let leaves = ["a": 3, "b": 5, "c": 7]

  @Test("a second, unchanged build runs nothing")
  func upToDate() throws {
    let arithmetic = arithmetic
    let first = try arithmetic.build(leaves)
    #expect(first.ran.count == 8)
    #expect(first.reasons.values.allSatisfy { $0 == [.neverBuilt] })
    let second = try arithmetic.build(leaves)
    #expect(second.ran == [])
    #expect(second.events == ["cached(8)"])
    let store = try ArtifactStore(Catalog.reader(directory.path))
    #expect(try arithmetic.number(second.outcome, Arithmetic.id("total"), "sum", store) == 30)
    #expect(try second.outcome[Arithmetic.id("scale", "a")]?.summary == Array("{\"product\":6}".utf8))
    #expect(second.outcome.records.count == 8)
  }

  @Test("a changed leaf reruns only what depends on it")
  func oneLeaf() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let build = try arithmetic.build(["a": 3, "b": -5, "c": 7])
    let id = Arithmetic.id
    // The sum changes from 30 to 10: its parity runs and gives the same result.
    #expect(build.ran == [id("scale", "b"), id("sign", "b"), id("total", ""), id("parity", "")])
    #expect(build.reasons[id("scale", "b")] == [.inputChanged(["leaf"])])
    #expect(build.reasons[id("total", "")] == [.inputChanged(["b"])])
    #expect(try build.outcome[id("total", "")]?.summary == Array("{\"sum\":10}".utf8))
  }

  @Test("an unchanged output reruns nothing")
  func cutOff() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    // A new version of the stage gives the same products.
    let build = try arithmetic.build(leaves, stages: Arithmetic.stages(version: 2))
    #expect(build.ran == Set(["a", "b", "c"].map { Arithmetic.id("scale", $0) }))
    #expect(build.reasons.values.allSatisfy { $0 == [.stageVersionChanged(from: 1, to: 2)] })
    #expect(build.events.count { $0.hasPrefix("spared(") } == 5)
    #expect(try arithmetic.build(leaves, stages: Arithmetic.stages(version: 2)).ran == [])
  }

  @Test("going back to an earlier parameter runs nothing")
  func thereAndBack() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let other = try arithmetic.build(leaves, stages: Arithmetic.stages(factor: -4), factor: -4)
    #expect(other.ran.count == 8)
    #expect(other.reasons[Arithmetic.id("scale", "a")] == [.parameterChanged(["factor: 2 → -4"])])
    for _ in 0..<2 {
      let back = try arithmetic.build(leaves)
      #expect(back.ran == [])
      #expect(try back.outcome[Arithmetic.id("total")]?.summary == Array("{\"sum\":30}".utf8))
    }
    #expect(try arithmetic.build(leaves, stages: Arithmetic.stages(factor: -4), factor: -4).ran == [])
  }

  @Test("a changed tool reruns its stage; later stages wait for its results")
  func toolchain() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let stages = Arithmetic.stages(compiler: "2")
    let history = try ArtifactStore(Catalog.reader(directory.path)).history()
    let plan = try Planner.plan(stages: stages, actions: Arithmetic.actions(leaves), history: history)
    guard case .run(let reasons)? = plan.state(of: Arithmetic.id("scale", "a")) else { return #expect(Bool(false)) }
    #expect(reasons == [.toolchainChanged(["compiler: 1 → 2"])])
    #expect(plan.counts(stage: "scale") == Plan.Counts(run: 3))
    #expect(plan.counts(stage: "total") == Plan.Counts(waits: 1))
    #expect(!plan.isUpToDate)
    #expect(try arithmetic.build(leaves, stages: stages).ran.count == 3)
  }

  @Test("a forced stage always runs, and its unchanged outputs rerun nothing")
  func forced() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let build = try arithmetic.build(leaves, force: ["total"])
    #expect(build.ran == [Arithmetic.id("total")])
    #expect(build.reasons == [Arithmetic.id("total"): [.forced]])
    let both = try arithmetic.build(leaves, force: ["scale", "total"])
    #expect(both.ran.count == 4)
  }

  @Test("a result that is not final is computed again; its dependents rerun only if it changes")
  func notFinal() throws {
    let arithmetic = arithmetic
    let execute = arithmetic.execute(leaves)
    let crashing: Runner.Execute = { action, inputs in
      var result = try execute(action, inputs)
      if action.id == Arithmetic.id("scale", "b") { result.isFinal = false }
      return result
    }
    _ = try arithmetic.build(leaves, execute: crashing)
    let second = try arithmetic.build(leaves, execute: crashing)
    #expect(second.ran == [Arithmetic.id("scale", "b")])
    #expect(second.reasons.values.first == [.notFinalBefore])
    #expect(try arithmetic.build(leaves).ran == [Arithmetic.id("scale", "b")])
    #expect(try arithmetic.build(leaves).ran == [])
  }

  @Test("an action without its upstream result is blocked, and so are its dependents; others are not")
  func blocked() throws {
    let arithmetic = arithmetic
    let execute = arithmetic.execute(leaves)
    let silent: Runner.Execute = { action, inputs in
      action.id == Arithmetic.id("scale", "b") ? ActionResult(summary: Array("{}".utf8)) : try execute(action, inputs)
    }
    let first = try arithmetic.build(leaves, execute: silent)
    let id = Arithmetic.id
    #expect(first.outcome.blocked == [id("sign", "b"), id("total", ""), id("parity", "")])
    #expect(first.outcome[id("total", "")] == nil)
    let second = try arithmetic.build(leaves, execute: silent)
    #expect(second.ran == [])
    #expect(second.outcome.blocked == first.outcome.blocked)
    let store = try ArtifactStore(Catalog.reader(directory.path))
    let plan = try Planner.plan(
      stages: Arithmetic.stages(), actions: Arithmetic.actions(leaves), history: store.history())
    guard case .blocked(let by)? = plan.state(of: id("parity", "")) else { return #expect(Bool(false)) }
    #expect(by == id("total", ""))
    #expect(plan.counts(stage: "sign") == Plan.Counts(upToDate: 2, blocked: 1))
  }

  @Test("an interruption keeps finished results and starts nothing more")
  func interrupted() throws {
    let arithmetic = arithmetic
    let many = Dictionary(uniqueKeysWithValues: (0..<300).map { ("n\($0 + 100)", $0) })
    let done = Mutex(0)
    do {
      let store = try ArtifactStore(Catalog.writer(directory.path))
      let plan = try Planner.plan(
        stages: Arithmetic.stages(), actions: Arithmetic.actions(many), history: store.history())
      let execute = arithmetic.execute(many)
      let failure = #expect(throws: Failure.self) {
        let isInterrupted = { @Sendable in done.withLock { $0 >= 150 } }
        _ = try arithmetic.run(plan, store, isInterrupted: isInterrupted) { action, inputs in
          let result = try execute(action, inputs)
          done.withLock { $0 += 1 }
          return result
        }
      }
      #expect(failure == Interruption.failure)
    }
    let finished = done.withLock { $0 }
    #expect((150...151).contains(finished))
    let rest = try arithmetic.build(many)
    #expect(rest.ran.count == 602 - finished)
  }

  @Test("an error of an action stops the run; actions already running are kept")
  func thrown() throws {
    let arithmetic = arithmetic
    let execute = arithmetic.execute(leaves)
    let failure = #expect(throws: Failure.self) {
      try arithmetic.build(leaves, workers: 1) { action, inputs in
        if action.id == Arithmetic.id("scale", "c") { throw Failure("test", "no") }
        return try execute(action, inputs)
      }
    }
    #expect(failure?.code == "test")
    let rest = try arithmetic.build(leaves)
    #expect(!rest.ran.contains(Arithmetic.id("scale", "a")) && rest.ran.contains(Arithmetic.id("scale", "c")))
  }

  @Test("an incremental build of a random graph equals a build from scratch", arguments: 0..<6)
  func incrementalIsFromScratch(seed: Int) throws {
    print("seed \(seed)")
    var random = SeededRandom(seed: UInt64(seed), for: "graphs")
    var graph = RandomGraph(count: 60, &random)
    for _ in 0..<8 {
      let incremental = try graph.build(directory.path, workers: 3)
      let other = TestDirectory()
      let scratch = try graph.build(other.path, workers: 1)
      #expect(incremental.values == scratch.values)
      #expect(try graph.build(directory.path, workers: 2).ran == 0)
      graph.change(&random)
    }
  }
}
