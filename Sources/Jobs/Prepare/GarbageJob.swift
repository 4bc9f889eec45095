import Basics
import StageGraph

/// Frees the space of stored bytes that nothing refers to; `GarbageRule` decides what is kept.
package struct GarbageJob: Sendable {
  package enum Event: Sendable {
    /// Everything is kept: the last `prepare` did not finish, or none has finished here.
    case keepsAll(isUnfinished: Bool)
    /// What will be removed; reported before anything is.
    case found(Garbage)
    /// One more segment was rewritten or removed.
    case segment
    /// The last event.
    case freed(Garbage)
  }

  package let workspace: String
  /// For how many of the last runs the records that they replaced are kept.
  package let generations: Int
  /// Whether to report only, without freeing anything.
  package let onlyLooks: Bool

  package init(workspace: String, generations: Int, onlyLooks: Bool) {
    (self.workspace, self.generations, self.onlyLooks) = (workspace, generations, onlyLooks)
  }

  package func run(_ events: (Event) -> Void) throws {
    // Opens only an existing workspace: a wrong name must not create one.
    let reader = try Catalog.reader(workspace)
    let catalog = onlyLooks ? reader : try Catalog.writer(workspace)
    let store = try ArtifactStore(catalog)
    let rule = try GarbageRule(catalog)
    if rule.keepsAll { events(.keepsAll(isUnfinished: rule.isUnfinished)) }
    let garbage = try store.garbage(generations: generations, isWanted: rule.isWanted)
    events(.found(garbage))
    if onlyLooks { return }
    try store.collect(garbage, onSegment: { events(.segment) })
    events(.freed(garbage))
  }
}
