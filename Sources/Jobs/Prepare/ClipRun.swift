import Basics
import StageGraph

/// What a run left of each clip: of those that it worked on, and of those that needed nothing.
package struct ClipRun: Sendable {
  /// Without the index of the embeddings, which is large and not needed any more.
  let preparation: Preparation
  private let plan: ClipPlan
  private let records: RunOutcome
  private let outcomes: ClipOutcomes?
  private let store: ArtifactStore

  /// - Parameter outcomes: those made as the clips' actions ended; nil where nothing ran.
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

  /// Of a clip that can be worked on: made as its actions ended or, where nothing was to be done, from the store.
  func outcome(of clip: Int) throws -> ClipOutcome {
    if let made = outcomes?.made(clip) { return made }
    return try ClipOutcome(
      preparation.ready[clip], embeddingFindings: preparation.embeddingFindings(clip),
      records: { try record(of: $0, clip) })
  }

  /// The digest of all that a clip's actions gave.
  func outputs(of clip: Int) -> Digest { plan.outputs(of: clip, records) }

  /// How many clips have an action that gave nothing final.
  var unsettled: Int { plan.unsettled(records) }

  /// A clip's frames; nil where there are none.
  func frames(of clip: Int) throws -> Artifact? {
    try record(of: ExtractFrames.id(preparation.ready[clip]), clip)?.output(ExtractFrames.output)
  }

  /// A clip's embeddings that were made of its frames; nil where there are none.
  func embeddings(of clip: Int) throws -> Artifact? {
    try record(of: EmbedFrames.id(preparation.ready[clip]), clip)?.output(EmbedFrames.output)
  }

  private func record(of id: ActionID, _ clip: Int) throws -> ActionRecord? {
    guard plan.isSettled(clip) else { return records[id] }
    // The catalog may also have what other settings gave.
    guard plan.stages.contains(where: { $0.name == id.stage }) else { return nil }
    return try store.record(of: id)
  }
}
