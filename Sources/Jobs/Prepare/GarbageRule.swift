import Basics
import StageGraph

/// Decides what `gc` keeps.
///
/// - The current record of every action of a clip that has a verdict from the last `prepare`, whatever the verdict is,
///   and of every shell stage.
/// - What the last N runs that did any work replaced (N is 1 by default): going back to the settings before the last
///   change decodes nothing.
/// - While a `prepare` has begun but has not reached its verdicts (it was stopped or killed): every current record, so
///   that its work is there when it resumes.
///
/// Everything else in the store is removed. Shards, runs and checkpoints are never touched.
package struct GarbageRule {
  private let clips: Set<String>
  /// Whether the records of all clips are kept.
  package let keepsAll: Bool
  /// Whether a `prepare` has begun but has not reached its verdicts.
  package let isUnfinished: Bool

  package init(_ catalog: Catalog) throws {
    clips = try catalog.clipsWithVerdict()
    isUnfinished = try catalog.isUnfinished()
    keepsAll = clips.isEmpty || isUnfinished
  }

  /// Whether the current record of an action is kept. Records of stages that do not work on clips always are.
  package func isWanted(_ id: ActionID) -> Bool {
    if Self.formerStages.contains(id.stage) { return false }
    return keepsAll || clips.contains(id.subject) || !builtInStages.contains { $0.name == id.stage }
  }

  /// Clip stages of earlier versions, whose results are no longer used.
  private static let formerStages: Set<String> = ["extract-sound"]
}
