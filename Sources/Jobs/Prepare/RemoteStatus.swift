import Basics
import Corpus
import RemoteCache
import StageGraph

/// How much of what a `prepare` would need is in its remote cache.
///
/// Asks only for names: reads no video, decodes nothing and writes nothing.
package struct RemoteStatus: Sendable {
  /// Number of clips whose results are all there.
  package private(set) var there = 0
  /// The files of clips that lack a result, one name for each clip.
  package private(set) var missing: [String] = []
  /// How many results are missing, by stage.
  package private(set) var missingResults: [String: Int] = [:]
  /// The files of clips that nobody has read yet, so that their results cannot be looked up; one name for each clip.
  package private(set) var unread: [String] = []
  /// Number of clips that the cache could not be asked about.
  package private(set) var unknown = 0
  /// Problems with the cache, one of each kind.
  package private(set) var failures: [Failure] = []

  /// - Parameter settings: the settings of the `prepare`; with a part, only its clips are counted.
  /// - Throws: `usage.remote-cache` when no cache is named; errors of finding the clips.
  package init(_ settings: PrepareSettings) throws {
    guard let address = settings.remoteCache else { throw Failure.statusWithoutCache }
    var settings = settings
    // A part needs no embeddings, and results that depend on embeddings are not shared.
    settings.part = settings.part ?? WorkPart(index: 0, count: 1)
    let remote = RemoteCache(address, settings)
    let preparation = try Preparation(
      settings, Catalog.readerIfThere(settings.workspace), facts: SharedFileFacts(remote, leaves: false), reads: false)
    unread = preparation.unread
    let stages = settings.stages.filter { $0.isShared }.map { (kind: $0, stage: $0.stage(settings)) }
    let (clips, settled) = (preparation.ready, settings)
    let found = parallelMap(clips.count, threads: settings.jobs + RemoteCache.transfers) { k -> [Bool?] in
      stages.map { stage in
        guard stage.kind.applies(to: clips[k]) else { return true }
        let inputs = stage.kind.inputs(clips[k], settled).elements.compactMap { element in
          if case .digest(let digest) = element.input { (name: element.name, digest: digest) } else { nil }
        }
        return remote.has(Fingerprint.of(stage.stage, inputs: inputs), stage: stage.stage.name)
      }
    }
    for (clip, results) in zip(clips, found) { add(clip, Array(zip(stages.map(\.stage.name), results))) }
    failures = remote.failures
  }

  private mutating func add(_ clip: PreparedClip, _ results: [(stage: String, isThere: Bool?)]) {
    for result in results where result.isThere == false { missingResults[result.stage, default: 0] += 1 }
    if results.contains(where: { $0.isThere == false }) {
      missing.append(clip.file)
    } else if results.contains(where: { $0.isThere == nil }) {
      unknown += 1
    } else {
      there += 1
    }
  }

  /// How many clips lack a result, by the part that they belong to.
  package func missing(byPartOf count: Int) -> [Int: Int] {
    Dictionary((missing + unread).map { (WorkPart.index(of: $0, count: count), 1) }, uniquingKeysWith: +)
  }
}
