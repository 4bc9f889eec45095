import Basics
import Corpus
import Foundation
import Glibc
import Media
import StageGraph
import Synchronization
import TestSupport
import Testing

@testable import Prepare

/// What was decoded once, so that a walk over all faults decodes nothing.
private final class DecodedClips: SharedResults {
  private let results = Mutex<[Digest: [NamedOutput]]>([:])

  func holds(stage: String) -> Bool { stage.hasPrefix("extract-") }
  func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]? { results.withLock { $0[fingerprint] } }
  func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput]) {
    results.withLock { $0[fingerprint] = outputs }
  }
}

@Suite("prepare on a disk that fails", .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PrepareFaultTests {
  private let decoded = DecodedClips()

  /// From the files to the set of shards, as the command does it.
  private func prepare(_ tool: Tool, _ clips: [String], into directory: String) throws {
    var settings = PrepareSettings()
    settings.videos = clips.map { tool.path("videos/\($0).mp4") }
    settings.embeddings = [tool.path("embeddings")]
    settings.frames = try FrameRate("1")
    (settings.workspace, settings.shards) = ("\(directory)/workspace", "\(directory)/shards")
    // A shard for each few clips, so that some are linked.
    (settings.jobs, settings.shardTarget) = (1, 1)
    settings.workerCommand = [Tool.program, "__decode-worker"]
    _ = try PrepareJob(settings, shared: decoded).run { _ in }
  }

  /// The set of shards, and whether all that the catalog names is in the store.
  private func state(_ directory: String) throws -> String {
    var found: [String] = []
    // Without an exchange in one step a kill may leave the old set aside: the next run puts it back.
    let there = Files.isDirectory("\(directory)/shards") ? "\(directory)/shards" : "\(directory)/.shards.replaced"
    for name in (try? Files.names(in: there)) ?? [] {
      found.append("\(name) \(try Digest.ofFile("\(there)/\(name)").short)")
    }
    if let catalog = try Catalog.readerIfThere("\(directory)/workspace") {
      found += try ArtifactStore(catalog).verify().faults.map(\.description)
    }
    return found.joined(separator: ", ")
  }

  @Test(
    "whatever operation fails, the old set of shards or the new one is there, and prepare goes on", arguments: [0, 2])
  func faults(before: Int) throws { try walk(before: before) }

  @Test("the same on a file system that cannot exchange names, nor give a file a second one")
  func plainFileSystem() throws { try walk(before: 2, exchanges: false, links: false) }

  private func walk(before: Int, exchanges: Bool = true, links: Bool = true) throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 3)
    let clips = (0..<3).map { Clips.name($0) }
    var walk = FaultWalk(
      before: { if before > 0 { try prepare(tool, Array(clips.prefix(before)), into: $0) } },
      work: { try prepare(tool, clips, into: $0) }, state: state)
    (walk.exchanges, walk.links) = (exchanges, links)
    // Where results lie in the store follows the order in which threads ended.
    walk.ignored += [".seg", "catalog.sqlite", "-wal", "-shm"]
    // A seventh of a second each: a new workspace has only the full disk.
    walk.faults = { n in before > 0 ? [.once(n, EIO), .fromThenOn(n, ENOSPC)] : [.fromThenOn(n, ENOSPC)] }
    let begin = ContinuousClock.now
    let outcome = try walk.run()
    print("PrepareFaultTests: \(outcome.operations) operations, \(ContinuousClock.now - begin)")
    #expect(outcome.problems == [])
    #expect(outcome.operations >= 20)
  }
}
