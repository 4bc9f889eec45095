import Basics
import Corpus
import StageGraph
import Synchronization

/// Collects the results of a run's actions by clip: progress, the number of clips that are left out, and each clip's
/// outcome.
///
/// A clip is done once its last action has ended. Then its outcome is made and kept for the verdict and the shard, and
/// the verdict that it will get is counted. May be used from any number of threads.
package final class ClipOutcomes: Sendable {
  /// The number of clips that have anything to do.
  package let total: Int
  private let preparation: Preparation
  private let plan: ClipPlan
  private let state = Mutex(State())

  private struct State {
    /// Clips that are not done, by their index in `ready`; the same for `made`.
    var clips: [Int: OpenClip] = [:]
    var made: [Int: ClipOutcome] = [:]
    var leftOut: [String: Int] = [:]
  }

  private struct OpenClip {
    /// The number of actions that have not ended.
    var left: Int
    /// The results of the actions that have ended, by stage.
    var results: [String: ClipOutcome.StageResult] = [:]
  }

  init(_ preparation: Preparation, _ plan: ClipPlan) {
    var preparation = preparation
    preparation.forgetEmbeddings()
    (self.preparation, self.plan) = (preparation, plan)
    var (count, last) = (0, -1)
    // A clip's actions are next to each other.
    for position in plan.open.positions where plan.open.isOpen(at: position) {
      let clip = plan.actions.clip(at: position)
      if clip != last { count += 1 }
      last = clip
    }
    total = count
  }

  /// The number of finished clips that are left out, by reason.
  package var leftOut: [String: Int] { state.withLock { $0.leftOut } }

  /// Counts an event of the run.
  /// - Returns: whether it completes a clip.
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
    // An outcome that cannot be made here is made again for the verdict, which then reports the error.
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

  /// The outcome of a clip that this run processed; nil when it had nothing to do or the outcome could not be made.
  func made(_ clip: Int) -> ClipOutcome? { state.withLock { $0.made[clip] } }
}
