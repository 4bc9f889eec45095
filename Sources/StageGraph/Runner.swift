// Executes a plan: runs the necessary actions on N threads, skips actions whose inputs turn out unchanged, and commits
// results in groups. The caller's closure does the work of an action.
//
// Cycle: the calling thread commits; N other threads take ready actions from the `Schedule` until there are none. An
// action whose upstream ran is checked again with its new inputs: if they are unchanged, it does not run. After an
// interruption or a failure, no more actions are taken; running actions are finished and committed, then the error is
// thrown. If results are shared with other workspaces, an action is looked up there before it runs, and its result is
// offered there after it was handed over for storing.
// Guards: the Schedule owns all shared state; `telling` makes events come one at a time.

import Basics
import Dispatch
import Foundation

/// Executes plans.
package struct Runner: Sendable {
  package typealias Execute = @Sendable (Action, ActionInputs) throws -> ActionResult

  private let store: ArtifactStore
  private let workers: Int
  private let isInterrupted: @Sendable () -> Bool
  private let tell: @Sendable (RunEvent) -> Void
  private let shared: (any SharedResults)?
  var limits = Schedule.Limits()

  /// - Parameters:
  ///   - workers: the number of actions that run at the same time.
  ///   - shared: results from other workspaces; nil: only this workspace's store is used.
  ///   - isInterrupted: called before each action.
  ///   - onEvent: called with one event at a time, on any thread.
  package init(
    store: ArtifactStore, workers: Int, shared: (any SharedResults)? = nil,
    isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested },
    onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
  ) {
    self.store = store
    self.workers = max(1, workers)
    self.shared = shared
    self.isInterrupted = isInterrupted
    let telling = NSLock()
    tell = { event in telling.withLock { onEvent(event) } }
  }

  /// Executes the plan.
  /// - Throws: the first error of `execute`, `Interruption.failure`, or the reason why results cannot be stored.
  ///   Completed work is committed.
  package func run(_ plan: Plan, execute: @escaping Execute) throws -> RunOutcome {
    let schedule = Schedule(plan, limits: limits, isInterrupted: isInterrupted)
    let source = RunSource(schedule: schedule, store: store)
    let cached = plan.marks.count { $0 == .upToDate }
    if cached > 0 { tell(.cached(cached)) }
    for (position, by) in plan.blockers.sorted(by: { $0.key < $1.key }) {
      tell(.blocked(plan.actions.id(at: position), by: plan.actions.id(at: by)))
    }
    if !plan.isUpToDate {
      try store.catalog.beginGeneration()
      let work = RunnerWork(
        plan: plan, schedule: schedule, source: source,
        configurations: try plan.stages.map(store.catalog.configuration),
        shared: shared, tell: tell, execute: execute)
      RunThreads.run(workers) {
        while let position = schedule.next() {
          let ending = work.step(position)
          schedule.finish(position, ending)
          work.share(position, ending)
        }
      } meanwhile: {
        commitGroups(schedule)
      }
    }
    return try schedule.outcome(source: store)
  }

  private func commitGroups(_ schedule: Schedule) {
    while let group = schedule.nextGroup() {
      do {
        try store.commit(group)
        schedule.committed(group, nil)
        tell(.committed(group.count))
      } catch {
        schedule.committed(group, error)
      }
    }
  }
}

/// Reads from the current run's results, else from the store.
private struct RunSource: ArtifactSource {
  let schedule: Schedule
  let store: ArtifactStore

  func read(_ artifact: Artifact) throws -> [UInt8] {
    try schedule.heldBytes(artifact.digest) ?? store.read(artifact)
  }
}

/// The work of running one action at a time, on any thread.
private struct RunnerWork: Sendable {
  let plan: Plan
  let schedule: Schedule
  let source: RunSource
  /// The catalog's row for each stage.
  let configurations: [Int]
  let shared: (any SharedResults)?
  let tell: @Sendable (RunEvent) -> Void
  let execute: Runner.Execute

  func step(_ position: Int) -> Schedule.Ending {
    do {
      let (action, stage, old) = (plan.actions.action(at: position), Int(plan.stageOf[position]), plan.bodies[position])
      let upstream = schedule.upstream(of: position)
      var digests: [Digest] = []
      for ((element, from), body) in zip(zip(action.inputs.elements, plan.upstream(of: position)), upstream) {
        switch element.input {
        case .digest(let digest): digests.append(digest)
        case .output(_, let name):
          guard let artifact = body?.output(name) else {
            tell(.blocked(action.id, by: plan.actions.id(at: Int(from))))
            return .blocked
          }
          digests.append(artifact.digest)
        }
      }
      if plan.marks[position] == .waits {
        switch try plan.check.answer(stage: stage, action, old, inputs: digests) {
        case .upToDate(let body):
          tell(.spared(ActionRecord(id: action.id, body: body, source: source)))
          return .spared(body)
        case .remembered(let old):
          let body = old.renamed(action.id.subject)
          tell(.spared(ActionRecord(id: action.id, body: body, source: source)))
          return .remembered(body)
        case .mustRun: break
        }
      }
      let reasons = plan.check.reasons(stage: stage, action, old, inputs: digests)
      if let ending = try fetched(position, action, digests, reasons) { return ending }
      tell(.started(action.id, reasons))
      let records = zip(plan.upstream(of: position), upstream).map { from, body in
        body.map { ActionRecord(id: plan.actions.id(at: Int(from)), body: $0, source: source) }
      }
      let inputs = ActionInputs(
        position: position, action: action, digests: digests, upstream: records, source: source)
      return try executed(position, inputs)
    } catch {
      return .failed(error)
    }
  }

  private func executed(_ position: Int, _ inputs: ActionInputs) throws -> Schedule.Ending {
    let action = inputs.action
    let begin = DispatchTime.now().uptimeNanoseconds
    let result = try execute(action, inputs)
    guard result.outputs[ActionResult.summaryName] == nil else {
      throw Failure.reservedOutput(ActionResult.summaryName, of: action.id)
    }
    let named = result.outputs.map { ($0.key, $0.value) } + [(ActionResult.summaryName, result.summary)]
    let outputs = named.map { NamedOutput(name: $0, digest: Digest(of: $1), bytes: $1) }
    let (body, payloads) = try record(position, action, inputs.digests, outputs, isFinal: result.isFinal)
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
    let record = ActionRecord(id: action.id, body: body, source: source)
    tell(.finished(record, summary: result.summary, seconds: seconds))
    return .executed(body, payloads: payloads)
  }

  /// The result of another workspace for the same fingerprint; nil if there is none. A forced action always runs.
  private func fetched(
    _ position: Int, _ action: Action, _ inputs: [Digest], _ reasons: [RebuildReason]
  ) throws -> Schedule.Ending? {
    let stage = Int(plan.stageOf[position])
    guard let shared, shared.holds(stage: action.id.stage), !plan.check.isForced(stage: stage, action.id) else {
      return nil
    }
    let fingerprint = plan.check.fingerprint(stage: stage, action, inputs: inputs)
    guard let outputs = shared.find(fingerprint, stage: action.id.stage) else { return nil }
    let (body, payloads) = try record(position, action, inputs, outputs, isFinal: true)
    let summary = outputs.first { $0.name == ActionResult.summaryName }?.bytes ?? []
    tell(.fetched(ActionRecord(id: action.id, body: body, source: source), summary: summary, reasons))
    return .fetched(body, payloads: payloads)
  }

  /// Offers a result to other workspaces after it was handed on, so that a slow server delays only this thread and no
  /// result.
  func share(_ position: Int, _ ending: Schedule.Ending) {
    guard let shared, case .executed(let body, let payloads) = ending, body.isFinal else { return }
    let stage = plan.stages[Int(plan.stageOf[position])].name
    guard shared.holds(stage: stage) else { return }
    shared.keep(
      body.fingerprint, stage: stage,
      zip(body.outputs, payloads).map { NamedOutput(name: $0.name, digest: $1.digest, bytes: $1.bytes) })
  }

  /// The record of a result and its bytes, both in byte order of the output names.
  private func record(
    _ position: Int, _ action: Action, _ inputs: [Digest], _ outputs: [NamedOutput], isFinal: Bool
  ) throws -> (RecordBody, payloads: [(digest: Digest, bytes: [UInt8])]) {
    let (stage, outputs) = (Int(plan.stageOf[position]), outputs.sorted { precedesInBytes($0.name, $1.name) })
    if let long = outputs.first(where: { $0.name.utf8.count > RecordBody.longestName }) {
      throw Failure.nameTooLong(long.name)
    }
    let body = RecordBody(
      subject: action.id.subject, configuration: configurations[stage],
      fingerprint: plan.check.fingerprint(stage: stage, action, inputs: inputs),
      inputs: zip(action.inputs.elements, inputs).map { ($0.name, $1) },
      outputs: outputs.map { ($0.name, Artifact(digest: $0.digest, size: $0.bytes.count)) }, isFinal: isFinal)
    return (body, outputs.map { ($0.digest, $0.bytes) })
  }
}
