// The outcome of a run: a record for every action that has one.

/// The outcome of a run.
package struct RunOutcome: Sendable {
  private let plan: Plan
  private let produced: [Int: RecordBody]
  private let source: any ArtifactSource
  /// The actions that ran, in the order of the graph.
  package let ran: [ActionID]
  /// The actions whose results came from other workspaces instead, in the order of the graph.
  package let fetched: [ActionID]
  /// Actions without input, because another action has no output for them, in the order of the graph.
  package let blocked: [ActionID]

  init(
    _ plan: Plan, produced: [Int: RecordBody], ran: [Int], fetched: [Int], blocked: [Int], source: any ArtifactSource
  ) {
    self.plan = plan
    self.produced = produced
    self.source = source
    self.ran = ran.sorted().map { plan.actions.id(at: $0) }
    self.fetched = fetched.sorted().map { plan.actions.id(at: $0) }
    self.blocked = blocked.sorted().map { plan.actions.id(at: $0) }
  }

  /// The record of an action; nil if it is blocked or not in the graph.
  package subscript(id: ActionID) -> ActionRecord? { plan.position(of: id).flatMap(record(at:)) }

  /// The record at a position in the plan's actions; use it to iterate over all of them.
  package func record(at position: Int) -> ActionRecord? {
    let body = produced[position] ?? (plan.marks[position] == .upToDate ? plan.bodies[position] : nil)
    return body.map { ActionRecord(id: plan.actions.id(at: position), body: $0, source: source) }
  }

  /// All records at once. For a large graph, ask for single records instead.
  package var records: [ActionID: ActionRecord] {
    var result: [ActionID: ActionRecord] = [:]
    for position in plan.positions {
      if let record = record(at: position) { result[record.id] = record }
    }
    return result
  }
}
