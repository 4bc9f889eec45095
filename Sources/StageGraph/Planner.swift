// Compares a graph with the history and determines what a build would do. Pure: the same graph and history give the
// same plan, and only the history is read. The `Runner` executes the plan.

import Basics

package enum Planner {
  /// - Parameters:
  ///   - actions: in an order in which each action comes after the actions it depends on.
  ///   - force: names of stages whose actions always run.
  ///   - forceActions: single actions that always run; actions that are not in the graph are ignored.
  /// - Throws: `Failure` for an unknown stage or input, a repeated action id, or a wrong order (as in a cycle).
  package static func plan(
    stages: [Stage], actions: any ActionList, history: consuming History, force: Set<String> = [],
    forceActions: Set<ActionID> = []
  ) throws -> Plan {
    let names = stages.map(\.name)
    for (k, name) in names.enumerated() where names[..<k].contains(name) { throw Failure.duplicateStage(name) }
    for name in force.sorted() where !names.contains(name) { throw Failure.unknownStage(name, known: names) }
    var index = ActionIndex(stages: names, capacity: actions.count)
    let stageOf = try fill(&index, with: actions, stages: names)
    var plan = Plan(
      stages: stages, actions: actions, check: CacheCheck(stages: stages, forced: [], history: .empty), index: index,
      source: history.source)
    plan.stageOf = stageOf
    var others: [Digest: RecordBody] = [:]
    plan.bodies = oldRecords(history, plan, others: &others)
    history.records = []
    // A result of a removed subject can be used for another subject with the same inputs, for example a renamed clip.
    if !others.isEmpty { history.memo = { [others, memo = history.memo] in try others[$0] ?? memo($0) } }
    plan.check = CacheCheck(stages: stages, forced: force, forcedActions: forceActions, history: history)
    plan.upstreamStart.reserveCapacity(actions.count + 1)
    plan.upstream.reserveCapacity(actions.count)
    plan.marks.reserveCapacity(actions.count)
    var neighbors = Neighbors(stages: stages.count)
    var inputs: [Digest] = []
    for position in plan.positions {
      let mark = try mark(position, &plan, &inputs, &neighbors)
      plan.marks.append(mark)
      plan.upstreamStart.append(Int32(plan.upstream.count))
    }
    return plan
  }

  /// Adds every action to the index and returns the stage of each.
  private static func fill(_ index: inout ActionIndex, with actions: any ActionList, stages: [String]) throws -> [Int32]
  {
    var stageOf = [Int32](repeating: -1, count: actions.count)
    for position in 0..<actions.count {
      let id = actions.id(at: position)
      guard let stage = index.ordinal(ofStage: id.stage) else { throw Failure.unknownStage(id.stage, known: stages) }
      guard id.subject.utf8.count <= RecordBody.longestName else { throw Failure.nameTooLong(id.subject) }
      let hash = withBytes(id.subject) { ActionIndex.hash(stage: stage, subject: $0) }
      let twin = index.find(hash) { stageOf[$0] == stage && sameBytes(actions.id(at: $0).subject, id.subject) }
      if twin != nil { throw Failure.duplicateAction(id) }
      index.insert(hash, position)
      stageOf[position] = Int32(stage)
    }
    return stageOf
  }

  /// The record of each action, by position.
  /// - Parameter others: receives the records of subjects that are not in the graph, by fingerprint.
  private static func oldRecords(
    _ history: History, _ plan: Plan, others: inout [Digest: RecordBody]
  ) -> [RecordBody?] {
    var bodies = [RecordBody?](repeating: nil, count: plan.count)
    var stageOf = [Int](repeating: -1, count: (history.configurations.keys.max() ?? -1) + 1)
    for (id, stage) in history.configurations where id >= 0 {
      stageOf[id] = plan.index.ordinal(ofStage: stage.name) ?? -1
    }
    // Records come stage by stage in subject order. If the graph has the same order, the last two positions predict the
    // next one.
    var (last, stride, lastStage) = (-1, 1, -1)
    for record in history.records {
      let configuration = record.configuration
      guard configuration < stageOf.count, stageOf[configuration] >= 0 else { continue }
      let (stage, subject) = (stageOf[configuration], record.subjectBytes)
      if stage != lastStage { (last, stride, lastStage) = (-1, 1, stage) }
      let guess = last + stride
      let isGuess = last >= 0 && guess >= 0 && guess < plan.count && plan.isAction(guess, stage: stage, subject)
      guard let position = isGuess ? guess : plan.position(stage: stage, subject) else {
        if record.isFinal { others[record.fingerprint] = record }
        continue
      }
      if last >= 0 { stride = position - last }
      last = position
      bodies[position] = record
    }
    return bodies
  }

  /// Where the last action of each stage found its inputs. For the next action, they have usually moved on by the same
  /// distance as the action itself.
  private struct Neighbors {
    var position: [Int]
    var upstream: [[Int]]

    init(stages: Int) {
      position = [Int](repeating: -1, count: stages)
      upstream = [[Int]](repeating: [], count: stages)
    }

    /// A likely position for the k-th input of the action at `now`.
    func guess(_ k: Int, stage: Int, now: Int) -> Int? {
      guard k < upstream[stage].count, upstream[stage][k] >= 0 else { return nil }
      let guess = upstream[stage][k] + now - position[stage]
      return guess < now ? guess : nil
    }

    mutating func note(_ now: Int, stage: Int, upstream found: ArraySlice<Int32>) {
      position[stage] = now
      upstream[stage].removeAll(keepingCapacity: true)
      for from in found.prefix(8) { upstream[stage].append(Int(from)) }
    }
  }

  /// Determines the state of one action after all actions before it, and records where its inputs come from. `inputs`
  /// is scratch space.
  private static func mark(
    _ position: Int, _ plan: inout Plan, _ inputs: inout [Digest], _ neighbors: inout Neighbors
  ) throws -> Plan.Mark {
    inputs.removeAll(keepingCapacity: true)
    let (stage, first) = (Int(plan.stageOf[position]), plan.upstream.count)
    let action = plan.actions.action(at: position)
    let elements = action.inputs.elements
    var waits = false
    var blocker: Int?
    for k in elements.indices {
      if k > 0, sameBytes(elements[k - 1].name, elements[k].name) {
        throw Failure.duplicateInput(elements[k].name, of: action.id)
      }
      guard elements[k].name.utf8.count <= RecordBody.longestName else { throw Failure.nameTooLong(elements[k].name) }
      switch elements[k].input {
      case .digest(let digest):
        inputs.append(digest)
        plan.upstream.append(-1)
      case .output(let id, let name):
        let guess = neighbors.guess(k, stage: stage, now: position)
        let near = guess.flatMap { plan.isAction($0, id) ? $0 : nil }
        guard let from = near ?? plan.position(of: id) else {
          throw Failure.unknownInput(elements[k].name, of: action.id, from: id)
        }
        guard from < position else { throw Failure.notInOrder(action.id, needs: id) }
        plan.upstream.append(Int32(from))
        switch plan.marks[from] {
        case .run, .waits: waits = true
        case .blocked: blocker = blocker ?? from
        case .upToDate:
          if let digest = plan.bodies[from]?.output(name)?.digest {
            inputs.append(digest)
          } else {
            blocker = blocker ?? from
          }
        }
      }
    }
    neighbors.note(position, stage: stage, upstream: plan.upstream[first...])
    if let blocker {
      plan.blockers[position] = blocker
      return .blocked
    }
    if waits { return plan.check.isForced(stage: stage, action.id) ? .run : .waits }
    switch try plan.check.answer(stage: stage, action, plan.bodies[position], inputs: inputs) {
    case .upToDate: return .upToDate
    case .remembered(let body):
      plan.remembered[position] = .some(plan.bodies[position])
      plan.bodies[position] = body.renamed(action.id.subject)
      return .upToDate
    case .mustRun: return .run
    }
  }
}
