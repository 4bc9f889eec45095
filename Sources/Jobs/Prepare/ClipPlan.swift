import Basics
import Dispatch
import StageGraph

/// What a `prepare` would do: the clips that the ledger lists as settled, and the plan of actions for the other clips.
package struct ClipPlan: Sendable {
  /// The plan for the clips that are not settled.
  package let open: Plan
  let actions: ClipActions
  /// For each clip of `ready`: the digest of everything that its actions depend on.
  let keys: [Digest]
  /// For each clip of `ready`: the digest of its outputs when it is settled, otherwise nil.
  let settled: [Digest?]
  /// The number of settled clips that each stage applies to, in the order of `open.stages`.
  private let settledCounts: [Int]

  /// Compares the clips with what was done before.
  /// - Parameters:
  ///   - store: nil when nothing was done yet.
  ///   - retrying: ids of clips whose actions run in any case.
  init(_ preparation: Preparation, _ store: ArtifactStore?, _ ledger: SubjectLedger, retrying: Set<String>) throws {
    let (ready, stages, settings) = (preparation.ready, preparation.stages, preparation.settings)
    let described = stages.map { $0.stage(settings) }
    let compared = Self.compare(ready, stages, described, settings, ledger)
    var settled = compared.settled
    if !retrying.isEmpty { for k in ready.indices where retrying.contains(ready[k].id.text) { settled[k] = nil } }
    let chosen = ready.indices.filter { settled[$0] == nil }
    actions = ClipActions(ready, chosen: chosen, stages: stages, settings: settings)
    let forced: Set<ActionID> =
      retrying.isEmpty ? [] : Set((0..<actions.count).map(actions.id).filter { retrying.contains($0.subject) })
    let history = try store?.history(
      of: chosen.map { ready[$0].id.text }, among: ready.lazy.map(\.id.text), ledger, stages: described)
    open = try Planner.plan(
      stages: described, actions: actions, history: history ?? .empty, forceActions: forced)
    var counts = [Int](repeating: 0, count: stages.count)
    for k in ready.indices where settled[k] != nil {
      for s in stages.indices where stages[s].applies(to: ready[k]) { counts[s] += 1 }
    }
    (keys, self.settled, settledCounts) = (compared.keys, settled, counts)
  }

  package var stages: [Stage] { open.stages }

  func isSettled(_ clip: Int) -> Bool { settled[clip] != nil }

  /// Whether there is nothing to do.
  package var isUpToDate: Bool { open.isUpToDate }

  package func counts(stage name: String) -> Plan.Counts {
    var counts = open.counts(stage: name)
    if let s = stages.firstIndex(where: { $0.name == name }) { counts.upToDate += settledCounts[s] }
    return counts
  }

  private static let chunk = 2048

  /// The key of each clip, and its outputs if the ledger has that key. Uses several threads.
  private static func compare(
    _ ready: [PreparedClip], _ stages: [any ClipStage.Type], _ described: [Stage], _ settings: PrepareSettings,
    _ ledger: SubjectLedger
  ) -> (keys: [Digest], settled: [Digest?]) {
    let (count, none, start) = (ready.count, Digest(of: ""), SubjectKey(described))
    var keys = [Digest](repeating: none, count: count)
    var settled = [Digest?](repeating: nil, count: count)
    keys.withUnsafeMutableBufferPointer { keys in
      settled.withUnsafeMutableBufferPointer { settled in
        nonisolated(unsafe) let (keys, settled) = (keys, settled)
        DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { part in
          var key = start
          for k in part * chunk..<min(count, (part + 1) * chunk) {
            key.begin()
            for stage in stages where stage.applies(to: ready[k]) {
              key.add(stage.name, stage.inputs(ready[k], settings))
            }
            keys[k] = key.digest
            settled[k] = ledger.outputs(of: ready[k].id.text, settledWith: keys[k])
          }
        }
      }
    }
    return (keys, settled)
  }

  /// The clips of this plan that have nothing left to do after a run, because every action has a final record; for the
  /// ledger.
  func settling(_ preparation: Preparation, _ outcome: RunOutcome) -> [SettledSubject] {
    var subjects: [SettledSubject] = []
    for clip in settled.indices where settled[clip] == nil {
      let records = actions.positions(of: clip).map { outcome.record(at: $0) }
      guard records.allSatisfy({ $0?.isFinal == true }) else { continue }
      subjects.append(
        SettledSubject(
          name: preparation.ready[clip].id.text, key: keys[clip], outputs: Self.outputs(records)))
    }
    return subjects
  }

  /// The number of clips for which a run left an action without a final result.
  func unsettled(_ outcome: RunOutcome) -> Int {
    settled.indices.count { clip in
      settled[clip] == nil && actions.positions(of: clip).contains { outcome.record(at: $0)?.isFinal != true }
    }
  }

  /// The digest of the results of a clip's actions, in their order; nil marks an action without a result.
  static func outputs(_ records: [ActionRecord?]) -> Digest {
    var bytes: [UInt8] = []
    for record in records {
      bytes.append(record == nil ? 0 : 1)
      record?.appendOutputs(to: &bytes)
    }
    return Digest(of: bytes)
  }

  /// The digest of a clip's outputs after the plan was carried out, by the clip's index in `ready`.
  func outputs(of clip: Int, _ outcome: RunOutcome) -> Digest {
    settled[clip] ?? Self.outputs(actions.positions(of: clip).map { outcome.record(at: $0) })
  }
}
