// What a run tells while it goes: for progress, `--explain` and `--json`.

/// Something that happened in a run. Told one at a time, on whichever thread it happened.
package enum RunEvent: Sendable {
  /// So many actions of the plan are up to date: told once, first.
  case cached(Int)
  /// An action turned out to be up to date, with this record.
  case spared(ActionRecord)
  /// Would have run, for these reasons; its result came from another workspace. Its bytes cannot be read from the
  /// record yet, so that the summary comes with it.
  case fetched(ActionRecord, summary: [UInt8], [RebuildReason])
  case started(ActionID, [RebuildReason])
  /// The same of one that ran here.
  case finished(ActionRecord, summary: [UInt8], seconds: Double)
  /// `by` gave nothing that the first could take.
  case blocked(ActionID, by: ActionID)
  /// So many results are now kept, whatever happens next.
  case committed(Int)
}
