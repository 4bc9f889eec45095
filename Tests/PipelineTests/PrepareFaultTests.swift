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

/// Keeps the decoded clips, so that a walk over all faults decodes each clip only once.
private final class DecodedClips: SharedResults {
  private let results = Mutex<[Digest: [NamedOutput]]>([:])

  func holds(stage: String) -> Bool { stage.hasPrefix("extract-") }
  func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]? { results.withLock { $0[fingerprint] } }
  func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput]) {
    results.withLock { $0[fingerprint] = outputs }
  }
}

@Suite("prepare on a failing disk", .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PrepareFaultTests {
  private let decoded = DecodedClips()

  /// Prepares the clips into a set of shards, as the command does.
  private func prepare(_ tool: Tool, _ clips: [String], into directory: String) throws {
    var settings = PrepareSettings()
    settings.videos = clips.map { tool.path("videos/\($0).mp4") }
    settings.embeddings = [tool.path("embeddings")]
    settings.frames = try FrameRate("1")
    (settings.workspace, settings.shards) = ("\(directory)/workspace", "\(directory)/shards")
    // Only a few clips per shard, so that some shards are linked.
    (settings.jobs, settings.shardTarget) = (1, 1)
    settings.workerCommand = [Tool.program, "__decode-worker"]
    _ = try PrepareJob(settings, shared: decoded).run { _ in }
  }

  /// The set of shards, and the faults that a check of the store finds.
  private func state(_ directory: String) throws -> String {
    var found: [String] = []
    // Without an atomic exchange, a kill may leave the old set under another name; the next run puts it back.
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
    "whichever operation fails, the old or the new set of shards is there, and prepare resumes", arguments: [0, 2])
  func faults(before: Int) throws { try walk(before: before) }

  @Test("the same on a file system that can neither exchange two names nor link files")
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
    // The order of results in the store depends on the order in which threads finish.
    walk.ignored += [".seg", "catalog.sqlite", "-wal", "-shm"]
    // Each fault takes a seventh of a second, so a new workspace is only tried with a full disk.
    walk.faults = { n in before > 0 ? [.once(n, EIO), .fromThenOn(n, ENOSPC)] : [.fromThenOn(n, ENOSPC)] }
    let begin = ContinuousClock.now
    let outcome = try walk.run()
    print("PrepareFaultTests: \(outcome.operations) operations, \(ContinuousClock.now - begin)")
    #expect(outcome.problems == [])
    #expect(outcome.operations >= 20)
  }
}
