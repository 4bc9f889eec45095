// Decides whether an action is up to date, and if not, why. The planner asks for every action of the graph; the runner
// asks again after the upstream of an action has run. Both get the same answer for the same inputs.
//
// Fingerprints are equal if stage, input names and input digests are equal. Comparing these in place is ten times
// cheaper than hashing, so a fingerprint is computed only if something differs.

import Basics

struct CacheCheck: Sendable {
  enum Answer {
    case upToDate(RecordBody)
    /// An older record has this fingerprint and becomes the action's record again.
    case remembered(RecordBody)
    case mustRun
  }

  let stages: [Stage]
  /// By stage ordinal.
  private let forced: [Bool]
  private let forcedActions: Set<ActionID>
  private let encodings: [[UInt8]]
  /// For each configuration: the stage that it equals, or -1.
  private let stageOfConfiguration: [Int]
  /// Without its records, which the plan holds.
  private let history: History

  init(stages: [Stage], forced: Set<String>, forcedActions: Set<ActionID> = [], history: History) {
    self.stages = stages
    self.forced = stages.map { forced.contains($0.name) }
    self.forcedActions = forcedActions
    var history = history
    history.records = []
    self.history = history
    encodings = stages.map(Fingerprint.encode)
    var table = [Int](repeating: -1, count: (history.configurations.keys.max() ?? -1) + 1)
    for (id, stage) in history.configurations where id >= 0 { table[id] = stages.firstIndex(of: stage) ?? -1 }
    stageOfConfiguration = table
  }

  func isForced(stage: Int, _ id: ActionID) -> Bool {
    forced[stage] || (!forcedActions.isEmpty && forcedActions.contains(id))
  }

  func answer(stage: Int, _ action: Action, _ old: RecordBody?, inputs: [Digest]) throws -> Answer {
    if isForced(stage: stage, action.id) { return .mustRun }
    if let old, hasStage(old, stage), hasInputs(old, action, inputs) {
      return old.isFinal && isIntact(old) ? .upToDate(old) : .mustRun
    }
    guard let memo = try history.memo(fingerprint(stage: stage, action, inputs: inputs)) else { return .mustRun }
    return memo.isFinal && isIntact(memo) ? .remembered(memo) : .mustRun
  }

  func fingerprint(stage: Int, _ action: Action, inputs: [Digest]) -> Digest {
    Fingerprint.of(encoding: encodings[stage], zip(action.inputs.elements, inputs).map { ($0.name, $1) })
  }

  /// The reasons why an action must run.
  func reasons(stage: Int, _ action: Action, _ old: RecordBody?, inputs: [Digest]) -> [RebuildReason] {
    var reasons: [RebuildReason] = isForced(stage: stage, action.id) ? [.forced] : []
    guard let old, let before = history.configurations[old.configuration] else {
      return reasons.isEmpty ? [.neverBuilt] : reasons
    }
    let now = stages[stage]
    if before.version != now.version { reasons.append(.stageVersionChanged(from: before.version, to: now.version)) }
    let tools = RebuildReason.changes(from: before.toolchain, to: now.toolchain)
    if !tools.isEmpty { reasons.append(.toolchainChanged(tools)) }
    let parameters = RebuildReason.changes(from: before.parameters, to: now.parameters)
    if !parameters.isEmpty { reasons.append(.parameterChanged(parameters)) }
    let changed = changedInputs(old, action, inputs)
    if !changed.isEmpty { reasons.append(.inputChanged(changed)) }
    let (missing, corrupt) = (losses(old, .missing), losses(old, .corrupt))
    if !missing.isEmpty { reasons.append(.outputMissing(missing)) }
    if !corrupt.isEmpty { reasons.append(.outputCorrupt(corrupt)) }
    if !old.isFinal { reasons.append(.notFinalBefore) }
    return reasons.isEmpty ? [.neverBuilt] : reasons
  }

  private func hasStage(_ record: RecordBody, _ stage: Int) -> Bool {
    let configuration = record.configuration
    return configuration < stageOfConfiguration.count && stageOfConfiguration[configuration] == stage
  }

  private func hasInputs(_ record: RecordBody, _ action: Action, _ digests: [Digest]) -> Bool {
    withExtendedLifetime(record) {
      var fields = record.inputFields
      guard fields.left == digests.count else { return false }
      for k in digests.indices {
        guard let field = fields.next(), Digest(at: field.value) == digests[k],
          withBytes(action.inputs.elements[k].name, { sameBytes($0, field.name) })
        else { return false }
      }
      return true
    }
  }

  private func isIntact(_ record: RecordBody) -> Bool {
    history.lost.isEmpty || !record.outputs.contains { history.lost[$0.artifact.digest] != nil }
  }

  private func losses(_ record: RecordBody, _ loss: History.Loss) -> [String] {
    if history.lost.isEmpty { return [] }
    return record.outputs.filter { history.lost[$0.artifact.digest] == loss }.map(\.name)
  }

  private func changedInputs(_ record: RecordBody, _ action: Action, _ digests: [Digest]) -> [String] {
    let old = Dictionary(record.inputs.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(
      zip(action.inputs.elements, digests).map { ($0.name, $1) }, uniquingKeysWith: { first, _ in first })
    return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted(by: precedesInBytes)
  }
}
