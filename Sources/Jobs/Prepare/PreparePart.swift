// One part of a `prepare` that is spread over machines: the clips of the part are processed, and the results are in the
// remote cache at the end. A final `prepare` without `--part` takes all results from the cache, does what parts left
// undone, finds duplicates and collisions, gives verdicts and writes shards.

import Basics
import Corpus
import RemoteCache
import StageGraph

extension PrepareJob {
  /// Processes the clips of a part.
  /// - Throws: `part.cache` when no remote cache is named; `part.unkept` when the cache does not accept the results,
  ///   since continuing would be useless.
  func run(_ part: WorkPart, _ events: @escaping Events) throws -> PreparedSummary {
    try settings.checkForPart()
    guard let address = settings.remoteCache else { throw Failure.partWithoutCache }
    let place = try PartWorkspace(settings.workspace, part)
    defer { withExtendedLifetime(place) {} }
    var job = self
    job.settings.workspace = place.path
    let summary = try job.run(part, address, events)
    try place.remove()
    return summary
  }

  private func run(_ part: WorkPart, _ address: CacheAddress, _ events: @escaping Events) throws -> PreparedSummary {
    let catalog = try Catalog.writer(settings.workspace)
    defer { catalog.endWriting() }
    let store = try ArtifactStore(catalog)
    guard let remote = remoteCache(events) else { throw Failure.partWithoutCache }
    let preparation = try Preparation(settings, catalog, facts: SharedFileFacts(remote, leaves: true))
    Memory.returnFreed()
    tell(preparation, events)
    let plan = try preparation.plan(store)
    events(.running(plan))
    var summary = PreparedSummary()
    summary.ending = .part
    summary.clips = preparation.clips.candidates.count
    do {
      let (run, work) = try carryOut(
        plan, preparation, store, remote, endsEarly: { remote.takesNothing }, events)
      summary.work = work
      summary.unsettled = run.unsettled
    } catch let failure as Failure
      where failure.code == Interruption.failure.code && !Interruption.isRequested && remote.takesNothing
    {
      throw Failure.partUnkept(part, address.name, remote.tally.unkept)
    }
    if remote.tally.unkept > 0 { throw Failure.partUnkept(part, address.name, remote.tally.unkept) }
    return summary
  }
}

/// The private workspace of a part, so that parts started in one directory do not wait for each other. It is empty at
/// the start and removed at the end: only the remote cache keeps results.
private final class PartWorkspace {
  let path: String
  private let lock: FileLock

  /// - Throws: `Failure.locked` when another process is working on the same part.
  init(_ workspace: String, _ part: WorkPart) throws {
    let directory = "\(workspace)/parts"
    try Files.makeDirectory(directory)
    path = "\(directory)/\(part.fileName)"
    lock = try FileLock("\(path).lock", of: path)
    try Files.remove(path)
  }

  func remove() throws { try Files.remove(path) }
}
