import Basics
import StageGraph

/// Reads everything that was stored and written, and finds what has changed since. Damaged items are discarded, so that
/// the next `prepare` makes exactly these again.
package struct VerifyJob: Sendable {
  package enum Event: Sendable {
    /// The total number of bytes to read in the store and the shards.
    case reading(of: Int)
    /// The number of bytes read since the last event.
    case read(Int)
    case fault(Failure)
    /// The last event before a failure.
    case verified(artifacts: Int, shards: Int, faults: Int)
  }

  package let workspace: String
  /// Nil for the directory that `prepare` wrote to last.
  package let shards: String?
  /// Whether to report damage without discarding anything.
  package let onlyLooks: Bool

  package init(workspace: String, shards: String?, onlyLooks: Bool) {
    (self.workspace, self.shards, self.onlyLooks) = (workspace, shards, onlyLooks)
  }

  /// - Throws: `verify.damaged`, after everything was checked, when something is not as it was written.
  package func run(_ events: (Event) -> Void) throws {
    // Opens only an existing workspace: a wrong name must not create one.
    let reader = try Catalog.reader(workspace)
    let catalog = onlyLooks ? reader : try Catalog.writer(workspace)
    let store = try ArtifactStore(catalog)
    let directories = try directories(catalog)
    let lost = try store.catalog.lostArtifacts()
    events(
      .reading(
        of: try store.catalog.storedBytes() + directories.reduce(0) { $0 + ShardVerification.bytes($1.directory) }))
    let (artifacts, storeFaults) = try verify(store, lost, events)
    let checked = try directories.map { kind, directory in
      var told = 0
      return try ShardVerification(kind, directory: directory, catalog: catalog) { bytes in
        events(.read(bytes - told))
        told = bytes
      }
    }
    let (faults, count) = (storeFaults + checked.flatMap(\.faults), checked.reduce(0) { $0 + $1.shards })
    for fault in faults { events(.fault(fault)) }
    events(.verified(artifacts: artifacts, shards: count, faults: faults.count))
    if faults.isEmpty { return }
    if catalog.isWriter {
      for directory in checked { try directory.forget(in: catalog) }
    }
    throw Failure.damaged(faults.count, of: artifacts + count, isGivenUp: catalog.isWriter)
  }

  /// The named shards or those written last, and the frames written last.
  private func directories(_ catalog: Catalog) throws -> [(kind: ShardVerification.Kind, directory: String)] {
    if let shards, !Files.isDirectory(shards) { throw Failure.noSuchDirectory("--shards", shards) }
    let training = try shards ?? PreparedWorkspace(catalog).shards()
    let frames = try catalog.directory(of: .frames)
    return [(.training, training)] + (frames.map { [(.frames, $0)] } ?? [])
  }

  private func verify(
    _ store: ArtifactStore, _ lost: [Failure], _ events: (Event) -> Void
  ) throws -> (Int, [Failure]) {
    var told = 0
    let (count, faults) = try store.verify(onProgress: { bytes in
      events(.read(bytes - told))
      told = bytes
    })
    return (count, lost + faults)
  }
}
