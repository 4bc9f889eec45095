// A small model for the engine's tests: numbers as decimal text, stages that add and multiply, and a log of what ran.

import Basics
import Foundation
import Glibc
import Synchronization

@testable import StageGraph

/// A directory for one test, which is removed with this object.
final class TestDirectory {
  let path: String

  init() { path = "\(NSTemporaryDirectory())/stage-graph-\(UUID().uuidString)" }

  deinit { try? Files.remove(path) }
}

/// Sums and products over numbered leaves, in a workspace.
///
/// `double leaf` is leaf × 2 · `sign leaf` is the double's sign · `total` adds all doubles · `parity` is total mod 2.
final class Arithmetic: Sendable {
  let workspace: String
  let ran = Mutex<[ActionID]>([])
  let reasons = Mutex<[ActionID: [RebuildReason]]>([:])

  init(_ workspace: String) { self.workspace = workspace }

  static func id(_ stage: String, _ subject: String = "") -> ActionID { ActionID(stage: stage, subject: subject) }

  static func stages(factor: Int = 2, version: Int = 1, compiler: String = "1") -> [Stage] {
    [
      Stage(name: "scale", version: version, parameters: ["factor": "\(factor)"], toolchain: ["compiler": compiler]),
      Stage(name: "sign", version: 1), Stage(name: "total", version: 1), Stage(name: "parity", version: 1),
    ]
  }

  /// The actions for these leaves; a leaf's digest is that of its number as text.
  static func actions(_ leaves: [String: Int]) -> [Action] {
    let names = leaves.keys.sorted()
    let scale = names.map { name in
      Action(
        id: id("scale", name), inputs: ["leaf": .digest(Digest(of: "\(leaves[name] ?? 0)"))])
    }
    let sign = names.map { name in
      Action(id: id("sign", name), inputs: ["number": .output(of: id("scale", name), named: "product")])
    }
    let total = Action(
      id: id("total"),
      inputs: Action.Inputs(names.map { ($0, .output(of: id("scale", $0), named: "product")) }))
    let parity = Action(id: id("parity"), inputs: ["total": .output(of: id("total"), named: "sum")])
    return scale + sign + [total, parity]
  }

  /// Runs an action with the given leaves and factor.
  func execute(_ leaves: [String: Int], factor: Int = 2) -> Runner.Execute {
    { action, inputs in
      self.ran.withLock { $0.append(action.id) }
      func number(_ name: String) throws -> Int { Int(String(decoding: try inputs.bytes(name), as: UTF8.self)) ?? 0 }
      switch action.id.stage {
      case "scale": return Self.result("product", (leaves[action.id.subject] ?? 0) * factor)
      case "sign": return Self.result("sign", try number("number").signum())
      case "total": return Self.result("sum", try inputs.names.reduce(0) { try $0 + number($1) })
      default: return Self.result("parity", try number("total") & 1)
      }
    }
  }

  static func result(_ name: String, _ number: Int) -> ActionResult {
    ActionResult(outputs: [name: Array("\(number)".utf8)], summary: Array("{\"\(name)\":\(number)}".utf8))
  }

  struct Build {
    var outcome: RunOutcome
    var ran: Set<ActionID>
    var reasons: [ActionID: [RebuildReason]]
    var events: [String]
  }

  /// Opens the workspace, plans, runs and closes it, like one invocation of a command.
  func build(
    _ leaves: [String: Int], stages: [Stage] = stages(), factor: Int = 2, force: Set<String> = [], workers: Int = 2,
    execute: Runner.Execute? = nil, prepare: (ArtifactStore) throws -> Void = { _ in }
  ) throws -> Build {
    let store = try ArtifactStore(Catalog.writer(workspace))
    defer { store.catalog.endWriting() }
    try prepare(store)
    let plan = try Planner.plan(stages: stages, actions: Self.actions(leaves), history: store.history(), force: force)
    return try run(plan, store, workers: workers, execute: execute ?? self.execute(leaves, factor: factor))
  }

  func run(
    _ plan: Plan, _ store: ArtifactStore, workers: Int = 2, isInterrupted: @escaping @Sendable () -> Bool = { false },
    execute: @escaping Runner.Execute
  ) throws -> Build {
    ran.withLock { $0 = [] }
    let events = Mutex<[String]>([])
    reasons.withLock { $0 = [:] }
    let runner = Runner(store: store, workers: workers, isInterrupted: isInterrupted) { event in
      events.withLock { $0.append("\(event)") }
      if case .started(let id, let why) = event { self.reasons.withLock { $0[id] = why } }
    }
    let outcome = try runner.run(plan, execute: execute)
    return Build(
      outcome: outcome, ran: Set(ran.withLock { $0 }), reasons: reasons.withLock { $0 }, events: events.withLock { $0 })
  }

  func number(_ outcome: RunOutcome, _ id: ActionID, _ name: String, _ store: ArtifactStore) throws -> Int? {
    guard let artifact = outcome[id]?.output(name) else { return nil }
    return Int(String(decoding: try store.read(artifact), as: UTF8.self))
  }
}
