// The state that the threads of a run share: which action runs next, the results, and what must still be committed.
//
// Cycle of an action: all upstream done → ready → taken by a worker → (spared | blocked | fetched | executed) → done,
// which may make others ready. An action with a result is also pending → taken by the committer with its group →
// committed.
// Guards: `condition` guards every property. Work is done outside of it. The heap gives the earliest action of the
// graph first, so that related actions run close together.

import Basics
import Foundation

final class Schedule: @unchecked Sendable {
  struct Limits {
    var groupCount = 64
    var groupBytes = 64 << 20
    /// A group is everything that finished while the previous group was committed, so that a kill loses little more
    /// than the running work.
    var groupSeconds = 0.0
    /// Workers wait while this many bytes are not committed yet.
    var heldBytes = 256 << 20
  }

  private let plan: Plan
  private let limits: Limits
  private let isInterrupted: @Sendable () -> Bool
  private let condition = NSCondition()
  private var ready = PositionHeap()
  private var missing: [Int: Int] = [:]
  private var dependents: [Int: [Int]] = [:]
  private var produced: [Int: RecordBody] = [:]
  private var blocked: [Int] = []
  private var ran: [Int] = []
  private var fetched: [Int] = []
  private var running = 0
  private var isStopping = false
  private var failure: (any Error)?
  private var pending: [CommitRecord] = []
  private var pendingBytes = 0
  private var pendingSince: Date?
  /// Bytes that the store does not have yet.
  private var held: [Digest: [UInt8]] = [:]
  private var heldBytes = 0

  init(_ plan: Plan, limits: Limits, isInterrupted: @escaping @Sendable () -> Bool) {
    self.plan = plan
    self.limits = limits
    self.isInterrupted = isInterrupted
    for position in plan.positions where plan.marks[position] == .run || plan.marks[position] == .waits {
      var count = 0
      for from in Set(plan.upstream(of: position)) where from >= 0 {
        guard plan.marks[Int(from)] == .run || plan.marks[Int(from)] == .waits else { continue }
        count += 1
        dependents[Int(from), default: []].append(position)
      }
      missing[position] = count
      if count == 0 { ready.push(position) }
    }
    for (position, old) in plan.remembered.sorted(by: { $0.key < $1.key }) {
      if let body = plan.bodies[position] { keep(position, body, replaced: old, payloads: []) }
    }
  }

  /// The next action for a worker; nil if there is no more work. Blocks until one of these is known.
  func next() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if isInterrupted(), !isStopping {
        isStopping = true
        failure = failure ?? Interruption.failure
        condition.broadcast()
      }
      if isStopping || (ready.isEmpty && running == 0) { return nil }
      if heldBytes < limits.heldBytes || running == 0, let position = ready.pop() {
        running += 1
        return position
      }
      condition.wait()
    }
  }

  /// The upstream records of the action, by input; nil for an input from outside the graph.
  func upstream(of position: Int) -> [RecordBody?] {
    condition.lock()
    defer { condition.unlock() }
    return plan.upstream(of: position).map { from in
      from < 0 ? nil : produced[Int(from)] ?? (plan.marks[Int(from)] == .upToDate ? plan.bodies[Int(from)] : nil)
    }
  }

  enum Ending {
    case spared(RecordBody)
    case remembered(RecordBody)
    case executed(RecordBody, payloads: [(digest: Digest, bytes: [UInt8])])
    /// The result of another workspace.
    case fetched(RecordBody, payloads: [(digest: Digest, bytes: [UInt8])])
    case blocked
    case failed(any Error)
  }

  func finish(_ position: Int, _ ending: Ending) {
    condition.lock()
    defer { condition.unlock() }
    running -= 1
    switch ending {
    case .spared(let body): produced[position] = body
    case .remembered(let body): keep(position, body, replaced: plan.bodies[position], payloads: [])
    case .executed(let body, let payloads):
      ran.append(position)
      keep(position, body, replaced: plan.bodies[position], payloads: payloads)
    case .fetched(let body, let payloads):
      fetched.append(position)
      keep(position, body, replaced: plan.bodies[position], payloads: payloads)
    case .blocked: blocked.append(position)
    case .failed(let error):
      failure = failure ?? error
      isStopping = true
    }
    if !isStopping {
      for dependent in dependents.removeValue(forKey: position) ?? [] {
        let left = (missing[dependent] ?? 1) - 1
        missing[dependent] = left
        if left == 0 { ready.push(dependent) }
      }
    }
    condition.broadcast()
  }

  private func keep(
    _ position: Int, _ body: RecordBody, replaced: RecordBody?, payloads: [(digest: Digest, bytes: [UInt8])]
  ) {
    produced[position] = body
    let id = plan.actions.id(at: position)
    pending.append(
      CommitRecord(stage: id.stage, subject: id.subject, body: body, replaced: replaced, payloads: payloads))
    for payload in payloads {
      held[payload.digest] = payload.bytes
      pendingBytes += payload.bytes.count
      heldBytes += payload.bytes.count
    }
    pendingSince = pendingSince ?? Date()
  }

  /// The next group to commit; nil if everything is committed and nothing more will come. Blocks until a group is due.
  func nextGroup() -> [CommitRecord]? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      let isOver = running == 0 && (isStopping || ready.isEmpty)
      if pending.isEmpty && isOver { return nil }
      let due = pendingSince.map { $0.addingTimeInterval(limits.groupSeconds) }
      if isOver || pending.count >= limits.groupCount || pendingBytes >= limits.groupBytes
        || due.map({ $0 <= Date() }) == true
      {
        if !pending.isEmpty {
          let group = pending
          (pending, pendingBytes, pendingSince) = ([], 0, nil)
          return group
        }
      }
      if let due { _ = condition.wait(until: due) } else { condition.wait() }
    }
  }

  /// Reports that a group was stored, or why it could not be.
  func committed(_ group: [CommitRecord], _ error: (any Error)?) {
    condition.lock()
    defer { condition.unlock() }
    if let error {
      // A full disk is the original cause of any later failure.
      failure = error
      isStopping = true
      (pending, pendingBytes, pendingSince) = ([], 0, nil)
    }
    for payload in group.lazy.flatMap(\.payloads) {
      held[payload.digest] = nil
      heldBytes -= payload.bytes.count
    }
    condition.broadcast()
  }

  /// The bytes of a digest if they are not committed yet.
  func heldBytes(_ digest: Digest) -> [UInt8]? {
    condition.lock()
    defer { condition.unlock() }
    return held[digest]
  }

  /// The outcome; call it after all threads have ended.
  func outcome(source: any ArtifactSource) throws -> RunOutcome {
    condition.lock()
    defer { condition.unlock() }
    if let failure { throw failure }
    let blockedByPlan = plan.marks.indices.filter { plan.marks[$0] == .blocked }
    return RunOutcome(
      plan, produced: produced, ran: ran, fetched: fetched, blocked: blockedByPlan + blocked, source: source)
  }
}

/// A binary heap that returns the smallest position first.
struct PositionHeap {
  private var items: [Int] = []

  var isEmpty: Bool { items.isEmpty }

  mutating func push(_ position: Int) {
    items.append(position)
    var child = items.count - 1
    while child > 0, items[child] < items[(child - 1) / 2] {
      items.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func pop() -> Int? {
    guard let first = items.first, let last = items.popLast() else { return nil }
    if items.isEmpty { return first }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
        least = child
      }
      if least == parent { return first }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
