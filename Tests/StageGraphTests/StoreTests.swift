// What the store keeps in spite of kills, full disks, damage and other processes.

import Basics
import Foundation
import Glibc
import TestSupport
import Testing

@testable import StageGraph

@Suite struct StoreTests {
  let directory = TestDirectory()
  var arithmetic: Arithmetic { Arithmetic(directory.path) }
  let leaves = ["a": 3, "b": 5]

  private func segment(_ number: Int = 0) -> String { ArtifactStore.path(directory.path, segment: number) }

  private func append(_ bytes: [UInt8]) throws {
    let descriptor = open(segment(), O_WRONLY | O_APPEND)
    try bytes.withUnsafeBytes { try writeAll($0, to: descriptor, path: segment()) }
    close(descriptor)
  }

  @Test("what a killed process left after the committed end is truncated")
  func tornTail() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let size = try Files.identity(segment()).size
    // A whole record and half of another, as left by a process killed before its transaction.
    let record = SegmentRecord.header(Digest(of: "six"), Array("six".utf8)) + Array("six".utf8)
    try append(record + record.prefix(30))
    // The leftover of a process killed right after it began a new segment.
    try Files.write(Array(record.prefix(40)), to: segment(1))
    do {
      let store = try ArtifactStore(Catalog.writer(directory.path))
      #expect(store.discarded == record.count + 30 + 40)
      #expect(try Files.identity(segment()).size == size)
      #expect(!Files.exists(segment(1)))
    }
    #expect(try arithmetic.build(leaves).ran == [])
    #expect(try arithmetic.build(["a": 4, "b": 5]).ran.contains(Arithmetic.id("scale", "a")))
    #expect(try arithmetic.build(["a": 4, "b": 5]).ran == [])
  }

  @Test("a second writer is refused with the first one's pid; a reader is not")
  func locked() throws {
    _ = try arithmetic.build(leaves)
    let first = try Catalog.writer(directory.path)
    let failure = #expect(throws: Failure.self) { try Catalog.writer(directory.path) }
    #expect(failure?.exit == .locked)
    #expect(failure?.found == "pid \(getpid())")
    let reader = try Catalog.reader(directory.path)
    #expect(try ArtifactStore(reader).history().count == 6)
    #expect(throws: Failure.self) { try reader.set(isUnfinished: true) }
    _ = first.isWriter
  }

  @Test("a reader sees what is committed while it is open")
  func readerBeside() throws {
    let store = try ArtifactStore(Catalog.writer(directory.path))
    let reader = try ArtifactStore(Catalog.reader(directory.path))
    #expect(try reader.history().count == 0)
    let plan = try Planner.plan(
      stages: Arithmetic.stages(), actions: Arithmetic.actions(leaves), history: store.history())
    let build = try arithmetic.run(plan, store, execute: arithmetic.execute(leaves))
    #expect(try reader.history().count == 6)
    let sum = try #require(build.outcome[Arithmetic.id("total")]?.output("sum"))
    #expect(try reader.read(sum) == Array("16".utf8))
  }

  @Test("a missing workspace, and one with another layout, are reported")
  func versions() throws {
    #expect(throws: Failure.noWorkspace(directory.path)) { try Catalog.reader(directory.path) }
    _ = try Catalog.writer(directory.path)
    let newer = CatalogSchema.version + 1
    try Catalog.writer(directory.path).configureWriter("PRAGMA user_version = \(newer)")
    let expected = Failure.workspaceVersion(directory.path, found: newer, expected: CatalogSchema.version)
    #expect(throws: expected) { try Catalog.reader(directory.path) }
    #expect(throws: expected) { try Catalog.writer(directory.path) }
    try Files.remove(directory.path)
    try Files.makeDirectory(directory.path)
    try Files.write(Array(repeating: 0x20, count: 5000), to: Catalog.path(directory.path))
    let failure = #expect(throws: Failure.self) { try Catalog.writer(directory.path) }
    #expect(failure?.code == "catalog.failed" && failure?.hint != nil)
  }

  @Test("a commit is fully synced, in WAL mode")
  func durable() throws {
    let catalog = try Catalog.writer(directory.path)
    #expect(try catalog.writerSetting("synchronous") == "2")
    #expect(try catalog.writerSetting("journal_mode") == "wal")
  }

  @Test("a flipped byte is found on reading, and the action that made the result runs again")
  func corrupt() throws {
    let arithmetic = arithmetic
    let build = try arithmetic.build(leaves)
    let product = try #require(build.outcome[Arithmetic.id("scale", "a")]?.output("product"))
    do {
      let location = try #require(try Catalog.reader(directory.path).location(product.digest))
      var bytes = try Files.read(segment())
      bytes[location.offset + SegmentRecord.headerSize] ^= 1
      try Files.write(bytes, to: segment())
    }
    // A change of another input makes `total` read it.
    let failure = #expect(throws: Failure.self) { try arithmetic.build(["a": 3, "b": 6]) }
    #expect(failure?.code == "artifact.corrupt")
    let again = try arithmetic.build(["a": 3, "b": 6])
    #expect(again.reasons[Arithmetic.id("scale", "a")] == [.outputCorrupt(["product"])])
    #expect(try again.outcome[Arithmetic.id("total")]?.summary == Array("{\"sum\":18}".utf8))
    #expect(try arithmetic.build(["a": 3, "b": 6]).ran == [])
  }

  @Test("one flipped bit anywhere in a payload is found by verify and repaired by the next build")
  func verify() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let locations = try Catalog.reader(directory.path).locations()
    let good = try Files.read(segment())
    for location in locations where location.length > 0 {
      var bytes = good
      bytes[location.offset + SegmentRecord.headerSize + location.length - 1] ^= 4
      try Files.write(bytes, to: segment())
      let (artifacts, faults) = try ArtifactStore(Catalog.reader(directory.path)).verify(isInterrupted: { false })
      #expect(artifacts == locations.count && faults.map(\.code) == ["artifact.corrupt"])
    }
    do {
      let store = try ArtifactStore(Catalog.writer(directory.path))
      #expect(try store.verify(isInterrupted: { false }).faults.count == 1)
      #expect(try store.verify(isInterrupted: { false }).faults.isEmpty)
    }
    #expect(try arithmetic.build(leaves).ran.count >= 1)
    #expect(try ArtifactStore(Catalog.reader(directory.path)).verify(isInterrupted: { false }).faults.isEmpty)
    #expect(try arithmetic.build(leaves).ran == [])
  }

  @Test("a missing or truncated segment is noticed by the plan and made again")
  func missing() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    try truncateFile(segment(), to: 70)
    let cut = try arithmetic.build(leaves)
    #expect(cut.ran.count >= 5)
    #expect(cut.reasons[Arithmetic.id("total")] == [.outputMissing(["sum", "summary"])])
    #expect(try arithmetic.build(leaves).ran == [])
    try Files.remove(ArtifactStore.directory(directory.path))
    let plan = try Planner.plan(
      stages: Arithmetic.stages(), actions: Arithmetic.actions(leaves),
      history: ArtifactStore(Catalog.reader(directory.path)).history())
    #expect(plan.counts(stage: "scale").run == 2)
    #expect(try arithmetic.build(leaves).ran.count == 6)
    #expect(try arithmetic.build(leaves).ran == [])
  }

  @Test("whichever write fails, the previous state remains")
  func fullDisk() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    var failures = 0
    for n in 1... {
      let disk = FaultyFileSystem(below: directory.path, .once(n, ENOSPC))
      do {
        let changed = ["a": 3 + n, "b": 5]
        try disk.inUse { _ = try arithmetic.build(changed) }
        #expect(try arithmetic.build(changed).ran == [])
        if !disk.hasFailed { break }
      } catch let failure as Failure {
        failures += 1
        #expect(failure.found == "No space left on device" && failure.hint != nil)
      }
      #expect(try arithmetic.build(leaves).ran == [])
    }
    #expect(failures >= 2)
  }

  @Test("if the catalog cannot grow, the previous state remains")
  func fullCatalog() throws {
    let arithmetic = arithmetic
    _ = try arithmetic.build(leaves)
    let many = Dictionary(uniqueKeysWithValues: (0..<400).map { ("n\($0)", $0) })
    let failure = #expect(throws: Failure.self) {
      try arithmetic.build(many, prepare: { try $0.catalog.configureWriter("PRAGMA max_page_count = 40") })
    }
    #expect(failure?.code == "catalog.failed" && failure?.hint?.contains("free some space") == true)
    let rest = try arithmetic.build(many)
    #expect(rest.outcome.ran.count == rest.ran.count)
    #expect(try arithmetic.build(many).ran == [])
    #expect(try arithmetic.build(leaves).ran == [])
  }

  @Test("segments roll over, and equal bytes are stored once")
  func segments() throws {
    do {
      let store = try ArtifactStore(Catalog.writer(directory.path), segmentSize: 300)
      let bytes = (0..<10).map { [UInt8](repeating: UInt8($0 / 2), count: 100) }
      let payloads = bytes.map { (digest: Digest(of: $0), bytes: $0) }
      let body = RecordBody(
        subject: "", configuration: 0, fingerprint: Digest(of: ""), inputs: [], outputs: [], isFinal: true)
      try store.commit([CommitRecord(stage: "s", subject: "", body: body, replaced: nil, payloads: payloads)])
      #expect(try Files.names(in: ArtifactStore.directory(directory.path)).count == 5)
      for payload in payloads { #expect(try store.read(Artifact(digest: payload.digest, size: 100)) == payload.bytes) }
    }
    #expect(try ArtifactStore(Catalog.writer(directory.path)).discarded == 0)
  }

  @Test("verdicts, runs, shards, directories, times and progress are read back as they were set")
  func rows() throws {
    let catalog = try Catalog.writer(directory.path)
    let verdicts = ["a", "b", "c"].map {
      VerdictRow(key: "\($0).mp4", clip: $0, state: $0 == "b" ? "left out" : "kept", detail: "{}", cache: [1, 2])
    }
    try catalog.update(verdicts: verdicts)
    #expect(try catalog.verdicts() == verdicts)
    #expect(try catalog.verdicts(state: "left out") == [verdicts[1]])
    #expect(try catalog.verdictCounts() == ["kept": 2, "left out": 1])
    #expect(try catalog.clipsWithVerdict() == ["a", "b", "c"])
    let caches = try catalog.verdictCaches()
    #expect(try caches.cache(at: #require(caches.find("c.mp4"))).elementsEqual([1, 2]) && caches.find("c") == nil)
    try catalog.update(
      verdicts: [VerdictRow(key: "b.mp4", clip: "b", state: "kept", detail: "1")], removing: ["a.mp4"])
    #expect(try catalog.verdictCounts() == ["kept": 2])
    for name in ["x", "y", "x"] { try catalog.touch(run: name, detail: "{}") }
    #expect(try catalog.runs().map(\.name) == ["y", "x"])
    let shards = [nil, Digest(of: "index")].map {
      ShardRow(
        fingerprint: Digest(of: "f\($0 == nil)"), name: "train-000000.tar", digest: Digest(of: "d"), bytes: 10_240,
        samples: 3, index: $0)
    }
    for shard in shards { try catalog.set(shard: shard) }
    #expect(try Set(catalog.shards().map(\.fingerprint)) == Set(shards.map(\.fingerprint)))
    #expect(try shards.allSatisfy(catalog.shards().contains))
    #expect(try catalog.directory(of: .shards) == nil)
    try catalog.set(directory: "s", of: .shards)
    #expect(try catalog.directory(of: .shards) == "s" && catalog.directory(of: .frames) == nil)
    let times = [StageTimeRow(stage: "z", ran: 1, fetched: 2, upToDate: 3, seconds: 4.5)]
    try catalog.set(stageTimes: times + times)
    try catalog.set(stageTimes: times)
    #expect(try catalog.stageTimes() == times)
    #expect(try !catalog.isUnfinished())
    try catalog.set(isUnfinished: true)
    #expect(try catalog.isUnfinished())
  }
}
