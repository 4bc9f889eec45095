// Compares a graph with what was done before and says what a build would do. Pure: the same graph and the same history give
// the same plan, and nothing is read but the history. Carrying the plan out is left to the `Runner`.

import Basics

package enum Planner {
  /// - Parameters:
  ///   - actions: in an order in which each stands after what it takes from.
  ///   - force: names of stages whose actions run in any case.
  /// - Throws: `Failure` for an unknown stage or input, two actions of one id, or an order that does not hold (as in a cycle).
  package static func plan(
    stages: [Stage], actions: [Action], history: History, force: Set<String> = []
  ) throws -> Plan {
    let names = stages.map(\.name)
    for (k, name) in names.enumerated() where names[..<k].contains(name) { throw Failure.duplicateStage(name) }
    for name in force.sorted() where !names.contains(name) { throw Failure.unknownStage(name, known: names) }
    var index = ActionIndex(stages: names, capacity: actions.count)
    let stageOf = try fill(&index, with: actions, stages: names)
    let check = CacheCheck(stages: stages, forced: force, history: history)
    var plan = Plan(stages: stages, actions: actions, check: check, index: index, source: history.source)
    plan.stageOf = stageOf
    plan.bodies = oldRecords(history, plan)
    try resolveUpstream(&plan)
    plan.marks.reserveCapacity(actions.count)
    var inputs: [Digest] = []
    for position in actions.indices { plan.marks.append(try mark(position, &plan, &inputs)) }
    return plan
  }

  /// Enters every action and returns the stage of each.
  private static func fill(_ index: inout ActionIndex, with actions: [Action], stages: [String]) throws -> [Int32] {
    var stageOf = [Int32](repeating: -1, count: actions.count)
    for position in actions.indices {
      let id = actions[position].id
      guard let stage = index.ordinal(ofStage: id.stage) else { throw Failure.unknownStage(id.stage, known: stages) }
      guard id.subject.utf8.count <= RecordBody.longestName else { throw Failure.nameTooLong(id.subject) }
      let hash = withBytes(id.subject) { ActionIndex.hash(stage: stage, subject: $0) }
      let twin = index.find(hash) { stageOf[$0] == stage && sameBytes(actions[$0].id.subject, id.subject) }
      if twin != nil { throw Failure.duplicateAction(id) }
      index.insert(hash, position)
      stageOf[position] = Int32(stage)
    }
    return stageOf
  }

  /// The record of each action, by position.
  private static func oldRecords(_ history: History, _ plan: Plan) -> [RecordBody?] {
    var bodies = [RecordBody?](repeating: nil, count: plan.count)
    var stageOf = [Int](repeating: -1, count: (history.configurations.keys.max() ?? -1) + 1)
    for (id, stage) in history.configurations where id >= 0 {
      stageOf[id] = plan.index.ordinal(ofStage: stage.name) ?? -1
    }
    for record in history.records {
      let configuration = record.configuration
      guard configuration < stageOf.count, stageOf[configuration] >= 0 else { continue }
      let (stage, subject) = (stageOf[configuration], record.subjectBytes)
      let position = plan.index.find(ActionIndex.hash(stage: stage, subject: subject)) { position in
        plan.stageOf[position] == stage && withBytes(plan.actions[position].id.subject) { sameBytes($0, subject) }
      }
      if let position { bodies[position] = record }
    }
    return bodies
  }

  private static func resolveUpstream(_ plan: inout Plan) throws {
    plan.upstreamStart.reserveCapacity(plan.count + 1)
    plan.upstream.reserveCapacity(plan.count)
    for position in plan.actions.indices {
      var previous: String?
      for element in plan.actions[position].inputs.elements {
        if let previous, sameBytes(previous, element.name) {
          throw Failure.duplicateInput(element.name, of: plan.actions[position].id)
        }
        guard element.name.utf8.count <= RecordBody.longestName else { throw Failure.nameTooLong(element.name) }
        previous = element.name
        guard case .output(let id, _) = element.input else {
          plan.upstream.append(-1)
          continue
        }
        guard let from = plan.position(of: id) else {
          throw Failure.unknownInput(element.name, of: plan.actions[position].id, from: id)
        }
        guard from < position else { throw Failure.notInOrder(plan.actions[position].id, needs: id) }
        plan.upstream.append(Int32(from))
      }
      plan.upstreamStart.append(Int32(plan.upstream.count))
    }
  }

  /// The state of one action, those before it being known. `inputs` is scratch.
  private static func mark(_ position: Int, _ plan: inout Plan, _ inputs: inout [Digest]) throws -> Plan.Mark {
    inputs.removeAll(keepingCapacity: true)
    var waits = false
    var next = Int(plan.upstreamStart[position])
    for element in plan.actions[position].inputs.elements {
      let from = Int(plan.upstream[next])
      next += 1
      switch element.input {
      case .digest(let digest): inputs.append(digest)
      case .output(_, let name):
        switch plan.marks[from] {
        case .run, .waits: waits = true
        case .upToDate:
          if let artifact = plan.bodies[from]?.output(name) {
            inputs.append(artifact.digest)
            continue
          }
          fallthrough
        case .blocked:
          plan.blockers[position] = from
          return .blocked
        }
      }
    }
    let stage = Int(plan.stageOf[position])
    if waits { return plan.check.forced[stage] ? .run : .waits }
    switch try plan.check.answer(stage: stage, plan.actions[position], plan.bodies[position], inputs: inputs) {
    case .upToDate: return .upToDate
    case .remembered(let body):
      plan.remembered[position] = .some(plan.bodies[position])
      plan.bodies[position] = body.renamed(plan.actions[position].id.subject)
      return .upToDate
    case .mustRun: return .run
    }
  }
}
