import Basics
import Synchronization

/// What ran, what was up to date and how long it took, by stage. This record is not part of the reproducible output.
package struct StageTimes: Sendable, Equatable {
  package var rows: [StageTimeRow]

  /// The times of the last run in which something ran; nil if there was none.
  package init?(_ catalog: Catalog) throws {
    rows = try catalog.stageTimes()
    if rows.isEmpty { return nil }
  }

  /// Sums up the events of a run.
  package final class Collector: Sendable {
    private let times = Mutex<[String: (ran: Int, fetched: Int, seconds: Double)]>([:])

    package init() {}

    package func add(_ event: RunEvent) {
      switch event {
      case .finished(let record, _, let seconds): add(record.id.stage, ran: 1, fetched: 0, seconds: seconds)
      case .fetched(let record, _, _): add(record.id.stage, ran: 0, fetched: 1, seconds: 0)
      default: break
      }
    }

    private func add(_ stage: String, ran: Int, fetched: Int, seconds: Double) {
      times.withLock {
        let before = $0[stage] ?? (0, 0, 0)
        $0[stage] = (before.ran + ran, before.fetched + fetched, before.seconds + seconds)
      }
    }

    /// Saves the rows in the catalog, if anything ran or was fetched.
    /// - Parameter actions: the number of actions of each stage, in stage order.
    package func keep(_ actions: [(stage: String, count: Int)], in catalog: Catalog) throws {
      let found = times.withLock { $0 }
      guard !found.isEmpty else { return }
      let rows = actions.map { stage, count in
        let (ran, fetched) = (found[stage]?.ran ?? 0, found[stage]?.fetched ?? 0)
        return StageTimeRow(
          stage: stage, ran: ran, fetched: fetched, upToDate: max(0, count - ran - fetched),
          seconds: found[stage]?.seconds ?? 0)
      }
      try catalog.set(stageTimes: rows)
    }
  }
}
