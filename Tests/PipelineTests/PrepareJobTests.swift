import Basics
import Corpus
import Foundation
import Media
import StageGraph
import Synchronization
import Testing

@testable import Prepare
@testable import pipeline

/// The job without the command: its order of work, its events and its summary.
@Suite("PrepareJob", .serialized, .enabled(if: Clips.ffmpegIsThere, "ffmpeg makes the clips"))
struct PrepareJobTests {
  private func settings(_ tool: Tool) -> PrepareSettings {
    var settings = PrepareSettings()
    settings.videos = [tool.path("videos")]
    settings.embeddings = [tool.path("embeddings")]
    (settings.workspace, settings.shards) = (tool.path("w"), tool.path("s"))
    settings.frames = try? FrameRate("1")
    settings.jobs = 2
    settings.workerCommand = [Tool.program, DecodeWorkerCommand.word]
    return settings
  }

  /// Names of the events in order; runs of clip or action events are shortened to one.
  private func names(_ events: [PrepareJob.Event]) -> [String] {
    var names: [String] = []
    for event in events {
      let name = String("\(event)".prefix { $0 != "(" })
      if names.last != name { names.append(name) }
    }
    return names
  }

  private func run(_ job: PrepareJob) throws -> (summary: PreparedSummary, events: [PrepareJob.Event]) {
    let events = Mutex<[PrepareJob.Event]>([])
    let summary = try job.run { event in events.withLock { $0.append(event) } }
    return (summary, events.withLock { $0 })
  }

  private func plan(_ job: PrepareJob) throws -> (isWork: Bool, events: [PrepareJob.Event]) {
    let events = Mutex<[PrepareJob.Event]>([])
    let isWork = try job.plan { event in events.withLock { $0.append(event) } }
    return (isWork, events.withLock { $0 })
  }

  @Test("prepares three clips, reports its work, and does nothing the second time")
  func threeClips() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    try Clips.make(tool.path("videos/short000000_000001.mp4"), pitch: 500, seconds: 4)
    try Clips.embeddings(tool.path("embeddings/short000000_000001.npy"), seed: 5, rows: 4)
    let job = PrepareJob(settings(tool))

    let before = try plan(job)
    #expect(before.isWork && names(before.events) == ["planned", "running", "coverage", "shardsLater"])
    #expect(!Files.exists(tool.path("w")), "a plan writes nothing")

    let first = try run(job)
    #expect(first.summary.ending == .shards)
    #expect(first.summary.pairs == 2 && first.summary.leftOut == 1 && first.summary.clips == 3)
    #expect(first.summary.work.decoded == 3 && first.summary.work.written == 1 && first.summary.work.isRenewed)
    #expect(first.summary.rows.map(\.reason) == ["clip.short"])
    #expect(first.summary.failure(job.settings)?.exit == .tooManyLeftOut)
    let clips = first.events.compactMap { event in if case .clip(let leftOut) = event { leftOut } else { nil } }
    #expect(clips.count == 3 && clips.last == ["clip.short": 1])
    let finished = first.events.compactMap { event in if case .finished(let id, _, _) = event { id } else { nil } }
    #expect(finished.count == 9 && Set(finished).count == 9)
    #expect(names(first.events).first == "running" && names(first.events).suffix(2) == ["writing", "shard"])

    let digests = try tool.digests("s")
    let second = try run(job)
    #expect(second.summary.pairs == 2 && second.summary.rows == first.summary.rows)
    #expect(second.summary.work == PreparedSummary.Work())
    #expect(names(second.events).allSatisfy { ["running", "clips", "note"].contains($0) }, "\(names(second.events))")
    #expect(try tool.digests("s") == digests)
    let after = try plan(job)
    #expect(!after.isWork && names(after.events).last == "compared")

    let verdicts = try ClipVerdict.all(Catalog.reader(tool.path("w")))
    #expect(verdicts.map(\.state) == [.kept, .kept, .leftOut] && verdicts[2].reason == .clipShort)
  }

  @Test("can end without embeddings or with frames only, as its summary says")
  func endings() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    var settings = settings(tool)
    settings.embeddings = []
    let bare = try run(PrepareJob(settings))
    #expect(bare.summary.ending == .withoutEmbeddings && bare.summary.kept == 2)
    #expect(bare.summary.failure(settings)?.exit == .noTeacherEmbeddings)
    settings.framesOut = tool.path("f")
    let frames = try run(PrepareJob(settings, framesOnly: true))
    #expect(frames.summary.ending == .frames && frames.summary.failure(settings) == nil)
    #expect(frames.summary.work.decoded == 0, "what was decoded before is there")
    #expect(names(frames.events).suffix(3) == ["writing", "shard", "frames"], "\(names(frames.events))")
    #expect(!Files.exists(tool.path("s")))
  }

  @Test("a workspace of the previous layout is upgraded, and nothing is decoded again")
  func olderLayout() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try Clips.set(tool, count: 2)
    let job = PrepareJob(settings(tool))
    _ = try run(job)
    let digests = try tool.digests("s")
    try Clips.shell(["python3", "-c", Self.downgrade, tool.path("w/catalog.sqlite")])
    let again = try run(job)
    #expect(again.summary.work == PreparedSummary.Work() && again.summary.pairs == 2)
    #expect(try tool.digests("s") == digests)
    let notes = again.events.compactMap { event in if case .note(let text) = event { text } else { nil } }
    #expect(notes.contains { $0.contains("layout 3") }, "\(notes)")
    #expect(try run(job).events.allSatisfy { if case .note(let text) = $0 { !text.contains("layout") } else { true } })
  }

  /// Turns a catalog into what the previous version would have left.
  private static let downgrade = """
    import json, sqlite3, sys
    c = sqlite3.connect(sys.argv[1], isolation_level=None)
    c.executescript(\"\"\"
      CREATE TABLE item (key TEXT PRIMARY KEY, state TEXT NOT NULL, detail TEXT NOT NULL, memo BLOB NOT NULL DEFAULT x'') WITHOUT ROWID;
      CREATE INDEX item_state ON item (state);
      INSERT INTO item SELECT key, state, detail, x'' FROM verdict;
      CREATE TABLE note (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
      INSERT INTO note SELECT output, path FROM directory;
    \"\"\")
    for fingerprint, name, digest, size, samples, index in c.execute("SELECT * FROM shard").fetchall():
        shard = {"name": name, "digest": digest, "byteCount": size, "sampleCount": samples, "index": index}
        c.execute("INSERT INTO note VALUES (?, ?)", ("shard " + fingerprint, json.dumps(shard)))
    for table in "verdict", "shard", "directory", "stage_time", "progress", "subject", "shard_set", "file_length": c.execute("DROP TABLE " + table)
    c.execute("PRAGMA user_version = 3")
    """
}
