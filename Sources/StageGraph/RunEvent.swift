// What a run tells while it goes: for progress, `--explain` and `--json`.

/// Something that happened in a run. Told one at a time, on whichever thread it happened.
package enum RunEvent: Sendable {
  /// So many more actions are up to date: told once for the plan's, then for each that an unchanged input spared.
  case cached(Int)
  /// Would have run, for these reasons; its result came from another workspace.
  case fetched(ActionID, [RebuildReason])
  case started(ActionID, [RebuildReason])
  case finished(ActionID, seconds: Double, isFinal: Bool)
  /// `by` gave nothing that the first could take.
  case blocked(ActionID, by: ActionID)
  /// So many results are now kept, whatever happens next.
  case committed(Int)
}
