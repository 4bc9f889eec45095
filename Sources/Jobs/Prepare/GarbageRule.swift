import Basics
import StageGraph

/// What `gc` keeps.
///
/// - The current record of every action of a clip that the last `prepare` gave a verdict, whatever the verdict, and of
///   every shell stage.
/// - What the last N runs with something to do put aside (one, unless told otherwise): going back to the settings
///   before the last change decodes nothing.
/// - While a `prepare` has begun and not come to its verdicts (it was stopped or killed): every current record, so that
///   the work it did is there when it goes on.
///
/// All else in the store goes. Shards, runs and checkpoints are never touched.
package struct GarbageRule {
  private let clips: Set<String>
  /// Whether every clip counts.
  package let keepsAll: Bool
  /// Whether a `prepare` has begun and not come to its verdicts.
  package let isUnfinished: Bool

  package init(_ catalog: Catalog) throws {
    clips = try catalog.clipsWithVerdict()
    isUnfinished = try catalog.isUnfinished()
    keepsAll = clips.isEmpty || isUnfinished
  }

  /// Whether the current record of an action counts: every one of a stage that is not of clips does.
  package func isWanted(_ id: ActionID) -> Bool {
    if Self.formerStages.contains(id.stage) { return false }
    return keepsAll || clips.contains(id.subject) || !builtInStages.contains { $0.name == id.stage }
  }

  /// Stages of clips that earlier versions had: nothing asks for their results.
  private static let formerStages: Set<String> = ["extract-sound"]
}
