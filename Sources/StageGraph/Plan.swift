// What a build would do, action by action. The planner makes it, `plan` and `--dry-run` show it, and the runner
// executes it. States are kept in compact arrays; records and reasons are created on demand.

import Basics

/// What a build would do.
package struct Plan: Sendable {
  package enum State: Sendable {
    case upToDate(ActionRecord)
    case run([RebuildReason])
    /// An upstream action runs first; whether this one runs depends on its result.
    case waits
    /// The given action has no output that this one could take (a clip without audio).
    case blocked(by: ActionID)
  }

  /// The number of actions of one stage in each state.
  package struct Counts: Sendable, Equatable {
    package var upToDate = 0
    package var run = 0
    package var waits = 0
    package var blocked = 0

    package var total: Int { upToDate + run + waits + blocked }
  }

  /// A state without its details.
  enum Mark: UInt8, Sendable { case upToDate, run, waits, blocked }

  package let stages: [Stage]
  package let actions: any ActionList
  var check: CacheCheck
  let index: ActionIndex
  let source: (any ArtifactSource)?
  /// The arrays below are indexed by the position of the action.
  var marks: [Mark] = []
  var stageOf: [Int32] = []
  /// The record to use if the action is up to date, else the outdated one.
  var bodies: [RecordBody?] = []
  /// For each input in turn: the position of the action it comes from, or -1. The inputs of action i begin at
  /// `upstreamStart[i]`.
  var upstream: [Int32] = []
  var upstreamStart: [Int32] = [0]
  var blockers: [Int: Int] = [:]
  /// Actions that are up to date by an older record, with the record that it replaces.
  var remembered: [Int: RecordBody?] = [:]

  init(stages: [Stage], actions: any ActionList, check: CacheCheck, index: ActionIndex, source: (any ArtifactSource)?) {
    self.stages = stages
    self.actions = actions
    self.check = check
    self.index = index
    self.source = source
  }

  package var count: Int { actions.count }
  package var positions: Range<Int> { 0..<count }

  /// Whether there is nothing to do.
  package var isUpToDate: Bool { remembered.isEmpty && !marks.contains { $0 == .run || $0 == .waits } }

  /// The state of the action at a position in `actions`.
  package func state(at position: Int) -> State {
    switch marks[position] {
    case .upToDate:
      bodies[position].map { .upToDate(record(position, $0)) } ?? .waits
    case .run: .run(reasons(at: position))
    case .waits: .waits
    case .blocked: .blocked(by: actions.id(at: blockers[position] ?? position))
    }
  }

  package func state(of id: ActionID) -> State? { position(of: id).map(state(at:)) }

  /// Whether the action runs, or may run depending on upstream results.
  package func isOpen(at position: Int) -> Bool { marks[position] == .run || marks[position] == .waits }

  /// Whether an upstream action runs first.
  package func waits(_ id: ActionID) -> Bool { position(of: id).map { marks[$0] == .waits } ?? false }

  package func isOpen(_ id: ActionID) -> Bool { position(of: id).map(isOpen(at:)) ?? false }

  package func counts(stage name: String) -> Counts {
    var counts = Counts()
    guard let ordinal = index.ordinal(ofStage: name) else { return counts }
    for (mark, stage) in zip(marks, stageOf) where stage == ordinal {
      switch mark {
      case .upToDate: counts.upToDate += 1
      case .run: counts.run += 1
      case .waits: counts.waits += 1
      case .blocked: counts.blocked += 1
      }
    }
    return counts
  }

  /// The position of an action in `actions`; nil if it is not in the graph.
  package func position(of id: ActionID) -> Int? {
    guard let stage = index.ordinal(ofStage: id.stage) else { return nil }
    return withBytes(id.subject) { position(stage: stage, $0) }
  }

  func position(stage: Int, _ subject: UnsafeRawBufferPointer) -> Int? {
    index.find(ActionIndex.hash(stage: stage, subject: subject)) { isAction($0, stage: stage, subject) }
  }

  func isAction(_ position: Int, stage: Int, _ subject: UnsafeRawBufferPointer) -> Bool {
    stageOf[position] == stage && withBytes(actions.id(at: position).subject) { sameBytes($0, subject) }
  }

  func isAction(_ position: Int, _ id: ActionID) -> Bool { actions.id(at: position) == id }

  func record(_ position: Int, _ body: RecordBody) -> ActionRecord {
    ActionRecord(id: actions.id(at: position), body: body, source: source)
  }

  func upstream(of position: Int) -> ArraySlice<Int32> {
    upstream[Int(upstreamStart[position])..<Int(upstreamStart[position + 1])]
  }

  /// The digests of an action's inputs, if `body` knows all upstream records; nil if an upstream record has no such
  /// output.
  func inputDigests(_ position: Int, body: (Int) -> RecordBody?) -> [Digest]? {
    var digests: [Digest] = []
    for (element, from) in zip(actions.action(at: position).inputs.elements, upstream(of: position)) {
      switch element.input {
      case .digest(let digest): digests.append(digest)
      case .output(_, let name):
        guard let artifact = body(Int(from))?.output(name) else { return nil }
        digests.append(artifact.digest)
      }
    }
    return digests
  }

  private func reasons(at position: Int) -> [RebuildReason] {
    let stage = Int(stageOf[position])
    let known = inputDigests(position) { marks[$0] == .upToDate ? bodies[$0] : nil }
    // A forced action may run although its inputs are not known yet.
    guard let known else { return [.forced] }
    return check.reasons(stage: stage, actions.action(at: position), bodies[position], inputs: known)
  }
}
