// Carries a plan out: runs what must run on N threads, spares what an unchanged input does not reach, and commits
// results in groups. What running an action means is the caller's closure.
//
// Cycle: the calling thread commits, N others take ready actions from the `Schedule` until there are none. An action
// whose upstream ran is checked again with the inputs that it now has: an unchanged output wakes nobody. An
// interruption or a failure stops the taking; what is in hand is finished and committed, then the error is thrown.
// Where results are shared with other workspaces, an action is looked up there before it runs, and what ran is offered
// once it is on its way into the store.
// Guards: all shared state is the Schedule's; `telling` keeps events one at a time.

import Basics
import Dispatch
import Foundation

/// Carries plans out.
package struct Runner: Sendable {
  package typealias Execute = @Sendable (Action, ActionInputs) throws -> ActionResult

  private let store: ArtifactStore
  private let workers: Int
  private let isInterrupted: @Sendable () -> Bool
  private let tell: @Sendable (RunEvent) -> Void
  private let shared: (any SharedResults)?
  var limits = Schedule.Limits()

  /// - Parameters:
  ///   - workers: how many actions run at a time.
  ///   - shared: what other workspaces made; nil: nothing but this one's store.
  ///   - isInterrupted: asked before each action.
  ///   - onEvent: told one event at a time, on any thread.
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

  /// Does what the plan says.
  /// - Throws: what `execute` threw first, `Interruption.failure`, or why results cannot be kept. Finished work is
  ///   committed.
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

/// Reads what the run in hand gave, else what the store has.
private struct RunSource: ArtifactSource {
  let schedule: Schedule
  let store: ArtifactStore

  func read(_ artifact: Artifact) throws -> [UInt8] {
    try schedule.heldBytes(artifact.digest) ?? store.read(artifact)
  }
}

/// One action at a time, on whichever thread.
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

  /// What another workspace made of the same; nil where nobody did. A forced action runs in any case.
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

  /// Offers what ran to others, after it was handed on: a slow server holds up this thread and no result.
  func share(_ position: Int, _ ending: Schedule.Ending) {
    guard let shared, case .executed(let body, let payloads) = ending, body.isFinal else { return }
    let stage = plan.stages[Int(plan.stageOf[position])].name
    guard shared.holds(stage: stage) else { return }
    shared.keep(
      body.fingerprint, stage: stage,
      zip(body.outputs, payloads).map { NamedOutput(name: $0.name, digest: $1.digest, bytes: $1.bytes) })
  }

  /// A record and its bytes, both in byte order of the outputs' names.
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
