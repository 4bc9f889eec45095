// The events of a run, for progress, `--explain` and `--json`.

/// An event in a run. Events are reported one at a time, on the thread where they happen.
package enum RunEvent: Sendable {
  /// This many actions of the plan are up to date; reported once, first.
  case cached(Int)
  /// An action turned out to be up to date, with this record.
  case spared(ActionRecord)
  /// The action would have run for these reasons, but its result came from another workspace. Its bytes cannot be read
  /// from the record yet, so the summary comes with the event.
  case fetched(ActionRecord, summary: [UInt8], [RebuildReason])
  case started(ActionID, [RebuildReason])
  /// The same for an action that ran here.
  case finished(ActionRecord, summary: [UInt8], seconds: Double)
  /// The first action is blocked: `by` has no output that it could take.
  case blocked(ActionID, by: ActionID)
  /// This many results are now stored durably.
  case committed(Int)
}
