// Random graphs of sums: each node adds leaves and nodes before it, modulo a small number so that equal results are
// common.

import Basics
import Synchronization

@testable import StageGraph

struct RandomGraph {
  var leaves: [Int]
  /// For each node: its leaves, and the earlier nodes that it adds.
  var nodes: [(leaves: [Int], nodes: [Int], modulus: Int)]
  var offset = 0

  init(count: Int, _ random: inout SeededRandom) {
    leaves = (0..<10).map { _ in Int.random(in: 0..<9, using: &random) }
    nodes = []
    for k in 0..<count { nodes.append(Self.node(k, &random)) }
  }

  private static func node(_ k: Int, _ random: inout SeededRandom) -> (leaves: [Int], nodes: [Int], modulus: Int) {
    let leaves = Set((0..<Int.random(in: 0...2, using: &random)).map { _ in Int.random(in: 0..<10, using: &random) })
    let before =
      k == 0 ? [] : (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0..<k, using: &random) }
    return (leaves.sorted(), Set(before).sorted(), Int.random(in: 2...9, using: &random))
  }

  /// Changes a leaf, a node's shape, or the parameter of all odd nodes.
  mutating func change(_ random: inout SeededRandom) {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: leaves[Int.random(in: 0..<10, using: &random)] = Int.random(in: 0..<9, using: &random)
    case 1:
      let k = Int.random(in: 0..<nodes.count, using: &random)
      nodes[k] = Self.node(k, &random)
    default: offset = Int.random(in: 0...2, using: &random)
    }
  }

  func build(_ workspace: String, workers: Int) throws -> (values: [ActionID: [UInt8]], ran: Int) {
    let stages = [
      Stage(name: "even", version: 1), Stage(name: "odd", version: 1, parameters: ["offset": "\(offset)"]),
    ]
    func id(_ k: Int) -> ActionID { ActionID(stage: k % 2 == 0 ? "even" : "odd", subject: "\(k)") }
    let actions = nodes.enumerated().map { k, node in
      Action(
        id: id(k),
        inputs: Action.Inputs(
          [("modulus", .digest(Digest(of: "\(node.modulus)")))]
            + node.leaves.map { ("leaf \($0)", .digest(Digest(of: "\(leaves[$0])"))) }
            + node.nodes.map { ("node \($0)", .output(of: id($0), named: "sum")) }))
    }
    let store = try ArtifactStore(Catalog.writer(workspace))
    let plan = try Planner.plan(stages: stages, actions: actions, history: store.history())
    let runner = Runner(store: store, workers: workers, isInterrupted: { false })
    let outcome = try runner.run(plan) { [self] action, inputs in
      let k = Int(action.id.subject) ?? 0
      var sum = k % 2 == 0 ? 0 : offset
      for leaf in nodes[k].leaves { sum += leaves[leaf] }
      for node in nodes[k].nodes { sum += Int(String(decoding: try inputs.bytes("node \(node)"), as: UTF8.self)) ?? 0 }
      return ActionResult(outputs: ["sum": Array("\(sum % nodes[k].modulus)".utf8)])
    }
    var values: [ActionID: [UInt8]] = [:]
    for action in actions {
      if let artifact = outcome[action.id]?.output("sum") { values[action.id] = try store.read(artifact) }
    }
    return (values, outcome.ran.count)
  }
}
