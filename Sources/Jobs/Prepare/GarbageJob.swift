import Basics
import StageGraph

/// Gives back the space of stored bytes that nothing refers to, by `GarbageRule`.
package struct GarbageJob: Sendable {
  package enum Event: Sendable {
    /// The last `prepare` has not come to its end, so all that it made is kept.
    case keepsAll
    /// What is to go, before any of it goes.
    case found(Garbage)
    /// One more segment was written anew or removed.
    case segment
    /// Last of all.
    case freed(Garbage)
  }

  package let workspace: String
  /// How many of the last runs keep what they put aside.
  package let generations: Int
  /// Whether nothing is freed.
  package let onlyLooks: Bool

  package init(workspace: String, generations: Int, onlyLooks: Bool) {
    (self.workspace, self.generations, self.onlyLooks) = (workspace, generations, onlyLooks)
  }

  package func run(_ events: (Event) -> Void) throws {
    // Only a workspace that is there is opened: a wrong name must not make one.
    let reader = try Catalog.reader(workspace)
    let catalog = onlyLooks ? reader : try Catalog.writer(workspace)
    let store = try ArtifactStore(catalog)
    let rule = try GarbageRule(catalog)
    if rule.keepsAll { events(.keepsAll) }
    let garbage = try store.garbage(generations: generations, isWanted: rule.isWanted)
    events(.found(garbage))
    if onlyLooks { return }
    try store.collect(garbage, onSegment: { events(.segment) })
    events(.freed(garbage))
  }
}
