import Basics
import StageGraph

/// The results of a run for each clip, both the clips that it processed and those that needed nothing.
package struct ClipRun: Sendable {
  /// Its index of embeddings is freed: it is large and no longer needed.
  let preparation: Preparation
  private let plan: ClipPlan
  private let records: RunOutcome
  private let outcomes: ClipOutcomes?
  private let store: ArtifactStore

  /// - Parameter outcomes: outcomes made as the clips' actions ended; nil when nothing ran.
  init(
    _ preparation: Preparation, _ plan: ClipPlan, _ records: RunOutcome, _ outcomes: ClipOutcomes?,
    _ store: ArtifactStore
  ) {
    var preparation = preparation
    preparation.forgetEmbeddings()
    (self.preparation, self.plan, self.records, self.outcomes, self.store) = (
      preparation, plan, records, outcomes, store
    )
  }

  /// The outcome of a clip: made as its actions ended or, when nothing had to be done, read from the store.
  func outcome(of clip: Int) throws -> ClipOutcome {
    if let made = outcomes?.made(clip) { return made }
    return try ClipOutcome(
      preparation.ready[clip], embeddingFindings: preparation.embeddingFindings(clip),
      records: { try record(of: $0, clip) })
  }

  /// The digest of the results of all the clip's actions.
  func outputs(of clip: Int) -> Digest { plan.outputs(of: clip, records) }

  /// The number of clips that have an action without a final result.
  var unsettled: Int { plan.unsettled(records) }

  /// A clip's frames; nil when there are none.
  func frames(of clip: Int) throws -> Artifact? {
    try record(of: ExtractFrames.id(preparation.ready[clip]), clip)?.output(ExtractFrames.output)
  }

  /// The embeddings made from a clip's frames; nil when there are none.
  func embeddings(of clip: Int) throws -> Artifact? {
    try record(of: EmbedFrames.id(preparation.ready[clip]), clip)?.output(EmbedFrames.output)
  }

  private func record(of id: ActionID, _ clip: Int) throws -> ActionRecord? {
    guard plan.isSettled(clip) else { return records[id] }
    // The catalog may also have results of stages that are not in this plan.
    guard plan.stages.contains(where: { $0.name == id.stage }) else { return nil }
    return try store.record(of: id)
  }
}
