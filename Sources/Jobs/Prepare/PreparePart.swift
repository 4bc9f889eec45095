// One part of a prepare that is spread over machines: its clips are worked on, and what comes of them is in the remote
// cache at the end. Shards, verdicts, duplicates and collisions are the business of the prepare without `--part` that
// comes last: it takes all of this from the cache, and does what a part owes.

import Basics
import Corpus
import RemoteCache
import StageGraph

extension PrepareJob {
  /// Works on the clips of a part.
  /// - Throws: `part.cache` where no remote cache is named, `part.unkept` where it does not take what was made: then
  ///   going on has no use.
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

/// Where a part works: a workspace of its own, so that parts which start in one directory do not wait for each other.
/// It begins empty each time, and goes at the end: what counts is in the remote cache.
private final class PartWorkspace {
  let path: String
  private let lock: FileLock

  /// - Throws: `Failure.locked` where the same part is at work there.
  init(_ workspace: String, _ part: WorkPart) throws {
    let directory = "\(workspace)/parts"
    try Files.makeDirectory(directory)
    path = "\(directory)/\(part.fileName)"
    lock = try FileLock("\(path).lock", of: path)
    try Files.remove(path)
  }

  func remove() throws { try Files.remove(path) }
}
