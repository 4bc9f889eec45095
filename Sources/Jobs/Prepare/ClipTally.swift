import Basics
import Corpus
import StageGraph
import Synchronization

/// How far a run is, clip by clip: how many are done, and how many of those are left out, by reason.
///
/// A clip is done once its last action has ended. What is counted then is the verdict that it will have.
package final class ClipTally: Sendable {
  /// Clips of which anything is to be done.
  package let total: Int
  private let preparation: Preparation
  private let plan: Plan
  private let state = Mutex(State())

  private struct State {
    var clips: [String: Clip] = [:]
    var leftOut: [String: Int] = [:]
  }

  /// A clip that is not done.
  private struct Clip {
    /// Actions that have not ended.
    var left: Int
    /// What those gave that have, by stage.
    var summaries: [String: [UInt8]] = [:]
  }

  package init(_ preparation: Preparation, _ plan: Plan) {
    (self.preparation, self.plan) = (preparation, plan)
    var (count, last) = (0, "")
    // A clip's actions lie side by side.
    for position in plan.positions where plan.isOpen(at: position) {
      let subject = plan.actions.id(at: position).subject
      if subject != last { count += 1 }
      last = subject
    }
    total = count
  }

  /// How many of the clips done are left out, by reason.
  package var leftOut: [String: Int] { state.withLock { $0.leftOut } }

  /// Counts what a run tells.
  /// - Returns: whether a clip is done with it.
  package func add(_ event: RunEvent) -> Bool {
    switch event {
    case .finished(let id, let summary, _, _): end(id, summary)
    case .fetched(let id, let summary, _): end(id, summary)
    case .spared(let record): end(record.id, try? record.summary)
    case .blocked(let id, _): end(id, nil)
    default: false
    }
  }

  private func end(_ id: ActionID, _ summary: [UInt8]?) -> Bool {
    state.withLock { state in
      guard plan.isOpen(id) else { return false }
      var clip = state.clips[id.subject] ?? Clip(left: actions(of: id.subject).count(where: plan.isOpen))
      clip.left -= 1
      clip.summaries[id.stage] = summary
      guard clip.left <= 0 else {
        state.clips[id.subject] = clip
        return false
      }
      state.clips[id.subject] = nil
      if let reason = reason(id.subject, clip.summaries) { state.leftOut[reason.rawValue, default: 0] += 1 }
      return true
    }
  }

  private func actions(of subject: String) -> [ActionID] {
    preparation.stages.map { ActionID(stage: $0.name, subject: subject) }
  }

  /// What leaves a clip out. Nil too where something cannot be read: the verdict will say so, with what is amiss.
  private func reason(_ subject: String, _ given: [String: [UInt8]]) -> ReasonCode? {
    var summaries = given
    for id in actions(of: subject) where summaries[id.stage] == nil {
      if case .upToDate(let record)? = plan.state(of: id) { summaries[id.stage] = try? record.summary }
    }
    let vectorFindings = preparation.vectorFindings[subject] ?? []
    let findings = try? ClipExamination.findings({ summaries[$0] }, clip: subject, vectorFindings: vectorFindings)
    return findings.flatMap { preparation.policy.decisive($0.all)?.code }
  }
}
