import Basics
import Corpus
import StageGraph
import Synchronization

/// Gathers what a run's actions give, clip by clip: how far it is, how many of the clips done are left out, and each
/// clip's outcome.
///
/// A clip is done once its last action has ended. Then its outcome is made, and kept for verdict and shard; what is
/// counted is the verdict that it will have. Any number of threads.
package final class ClipOutcomes: Sendable {
  /// Clips of which anything is to be done.
  package let total: Int
  private let preparation: Preparation
  private let plan: ClipPlan
  private let state = Mutex(State())

  private struct State {
    /// Clips that are not done, by their place among those that can be worked on; so below.
    var clips: [Int: OpenClip] = [:]
    var made: [Int: ClipOutcome] = [:]
    var leftOut: [String: Int] = [:]
  }

  private struct OpenClip {
    /// Actions that have not ended.
    var left: Int
    /// What those gave that have, by stage.
    var results: [String: ClipOutcome.StageResult] = [:]
  }

  init(_ preparation: Preparation, _ plan: ClipPlan) {
    var preparation = preparation
    preparation.forgetEmbeddings()
    (self.preparation, self.plan) = (preparation, plan)
    var (count, last) = (0, -1)
    // A clip's actions lie side by side.
    for position in plan.open.positions where plan.open.isOpen(at: position) {
      let clip = plan.actions.clip(at: position)
      if clip != last { count += 1 }
      last = clip
    }
    total = count
  }

  /// How many of the clips done are left out, by reason.
  package var leftOut: [String: Int] { state.withLock { $0.leftOut } }

  /// Counts what a run tells.
  /// - Returns: whether a clip is done with it.
  func add(_ event: RunEvent) -> Bool {
    switch event {
    case .finished(let record, let summary, _): end(record.id, .init(summary: summary, record: record))
    case .fetched(let record, let summary, _): end(record.id, .init(summary: summary, record: record))
    case .spared(let record): end(record.id, (try? record.summary).map { .init(summary: $0, record: record) })
    case .blocked(let id, _): end(id, nil)
    default: false
    }
  }

  private func end(_ id: ActionID, _ result: ClipOutcome.StageResult?) -> Bool {
    guard let position = plan.open.position(of: id), plan.open.isOpen(at: position) else { return false }
    let clip = plan.actions.clip(at: position)
    let results: [String: ClipOutcome.StageResult]? = state.withLock { state in
      var open =
        state.clips[clip] ?? OpenClip(left: plan.actions.positions(of: clip).count(where: plan.open.isOpen(at:)))
      open.left -= 1
      open.results[id.stage] = result
      guard open.left <= 0 else {
        state.clips[clip] = open
        return nil
      }
      state.clips[clip] = nil
      return open.results
    }
    guard let results else { return false }
    // One that cannot be made is made again for its verdict, which then says what is amiss.
    guard let outcome = try? make(clip, results) else { return true }
    let reason = preparation.policy.decisive(outcome.findings)?.code
    state.withLock { state in
      state.made[clip] = outcome
      if let reason { state.leftOut[reason.rawValue, default: 0] += 1 }
    }
    return true
  }

  private func make(_ clip: Int, _ given: [String: ClipOutcome.StageResult]) throws -> ClipOutcome {
    var results = given
    for other in plan.actions.positions(of: clip) {
      guard case .upToDate(let record) = plan.open.state(at: other) else { continue }
      results[record.id.stage] = .init(summary: try record.summary, record: record)
    }
    return try ClipOutcome(preparation.ready[clip], embeddingFindings: preparation.embeddingFindings(clip)) {
      results[$0]
    }
  }

  /// The outcome of a clip that this run worked on; nil for one of which nothing was to be done, or that could not be
  /// made.
  func made(_ clip: Int) -> ClipOutcome? { state.withLock { $0.made[clip] } }
}
