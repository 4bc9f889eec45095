// Stores bytes by their digest, in append-only segment files. Many small outputs share few large files: a workspace of
// a million artifacts has about a hundred files, and one sync makes a whole group durable.
//
// Cycle of a commit: records are appended to the last segment → the file is synced → one catalog transaction → the
// records count. Any failure before the end is rolled back; bytes that a killed process left after the committed length
// are cut off when the store is next opened.
// Guards: `writer` (a mutex) guards the growing end and is held for a whole commit; `readers` guards the open files.
// Committed bytes never change, so reads take no other lock.

import Basics
import Synchronization

/// Content-addressed bytes. Any number of threads can read; one at a time commits.
package final class ArtifactStore: ArtifactSource, Sendable {
  package let catalog: Catalog
  let directory: String
  let writer: Mutex<SegmentWriter>
  private let readers = Mutex<[Int: SegmentReader]>([:])
  /// The number of bytes left by a killed process that were cut off when this store was opened.
  let discarded: Int

  package convenience init(_ catalog: Catalog) throws { try self.init(catalog, segmentSize: SegmentWriter.sizeLimit) }

  init(_ catalog: Catalog, segmentSize: Int) throws {
    self.catalog = catalog
    directory = Self.directory(catalog.workspace)
    var (committed, next, discarded) = (try catalog.segments(), 0, 0)
    if catalog.isWriter { (committed, next, discarded) = try Self.recover(catalog) }
    self.discarded = discarded
    writer = Mutex(SegmentWriter(directory: directory, committed: committed, next: next, sizeLimit: segmentSize))
  }

  deinit { writer.withLock { $0.close() } }

  static func directory(_ workspace: String) -> String { "\(workspace)/store" }
  static func path(_ workspace: String, segment: Int) -> String {
    "\(directory(workspace))/\(SegmentWriter.name(segment))"
  }

  /// Everything done in this workspace, for the planner.
  package func history() throws -> History { try catalog.history(source: self) }

  /// Reads the bytes of an artifact and checks them.
  /// - Throws: `Failure` if they are missing or damaged; the next plan then runs their action again.
  package func read(_ artifact: Artifact) throws -> [UInt8] {
    guard let location = try catalog.location(artifact.digest) else { throw Failure.artifactMissing(artifact.digest) }
    do {
      return try read(location)
    } catch let failure as Failure {
      // Another process may have moved it between the two steps.
      if let now = try catalog.location(artifact.digest), now != location {
        closeReader(location.segment)
        return try read(now)
      }
      if failure.code == "artifact.corrupt", catalog.isWriter { try catalog.lose([artifact.digest], .corrupt) }
      throw failure
    }
  }

  func read(_ location: ArtifactLocation) throws -> [UInt8] {
    let path = "\(directory)/\(SegmentWriter.name(location.segment))"
    let reader = try reader(location.segment, path)
    var record: [UInt8]
    do {
      record = try reader.read(at: location.offset, count: SegmentRecord.headerSize + location.length)
    } catch let failure as Failure where failure.code == "file.short" {
      throw corrupt(location, "the end of the file")
    }
    if let fault = SegmentRecord.fault(in: record, digest: location.digest) { throw corrupt(location, fault) }
    record.removeFirst(SegmentRecord.headerSize)
    return record
  }

  private func corrupt(_ location: ArtifactLocation, _ found: String) -> Failure {
    let path = Self.path(catalog.workspace, segment: location.segment)
    return Failure.artifactCorrupt(location.digest, in: path, at: location.offset, found: found)
  }

  private func reader(_ number: Int, _ path: String) throws -> SegmentReader {
    try readers.withLock { open in
      if let reader = open[number] { return reader }
      // Threads that are reading keep their file open; the other files are opened again on demand.
      if open.count >= 64 { open.removeAll() }
      let reader = try SegmentReader(path)
      open[number] = reader
      return reader
    }
  }

  func closeReader(_ number: Int) { readers.withLock { $0[number] = nil } }

  /// Commits a group of results durably, all or none.
  func commit(_ records: [CommitRecord]) throws {
    if records.isEmpty { return }
    guard catalog.isWriter else { throw Failure.readOnlyWorkspace(catalog.workspace) }
    try writer.withLock { writer in
      do {
        var absent = try catalog.absent(records.flatMap { $0.payloads.map(\.digest) })
        var locations: [ArtifactLocation] = []
        for payload in records.lazy.flatMap(\.payloads) where absent.remove(payload.digest) != nil {
          locations.append(try writer.append(payload.digest, payload.bytes))
        }
        try writer.sync()
        try catalog.commit(records, locations, segments: writer.changed)
        writer.commit()
      } catch {
        writer.rollBack()
        throw error
      }
    }
  }

  /// Reads every artifact and hashes it again. Reports each artifact that is damaged. If this process is the writer, it
  /// also marks them as lost, so that the next build makes them again.
  /// - Throws: a `Failure` if a segment cannot be read at all: this says nothing about its content.
  /// - Parameter onProgress: called from time to time with the number of bytes read.
  package func verify(
    isInterrupted: () -> Bool = { Interruption.isRequested }, onProgress: (Int) -> Void = { _ in }
  ) throws -> (artifacts: Int, faults: [Failure]) {
    var (faults, lost, bytes): ([Failure], [Digest], Int) = ([], [], 0)
    let locations = try catalog.locations()
    for (k, location) in locations.enumerated() {
      if isInterrupted() { throw Interruption.failure }
      do {
        let payload = try read(location)
        if Digest(of: payload) != location.digest { throw corrupt(location, "\(Digest(of: payload).short)") }
      } catch let failure as Failure where failure.code == "artifact.corrupt" {
        faults.append(failure)
        lost.append(location.digest)
      }
      bytes += location.length
      if k % 1024 == 1023 || k == locations.count - 1 { onProgress(bytes) }
    }
    if catalog.isWriter { try catalog.lose(lost, .corrupt) }
    return (locations.count, faults)
  }

  /// Makes the files agree with the catalog: removes what was never committed and records what is missing.
  private static func recover(_ catalog: Catalog) throws -> (committed: [Int: Int], next: Int, discarded: Int) {
    let directory = directory(catalog.workspace)
    try Files.makeDirectory(directory)
    try Files.sync(directory: catalog.workspace)
    try catalog.lose(try catalog.digestsOutsideSegments(), .missing)
    var committed = try catalog.segments()
    let last = committed.keys.max() ?? -1
    var discarded = 0
    var damaged: [Int: Int?] = [:]
    var sizes: [Int: Int] = [:]
    for name in try Files.names(in: directory) {
      if let number = SegmentWriter.number(name) { sizes[number] = try Files.identity("\(directory)/\(name)").size }
    }
    for (number, size) in sizes {
      let path = path(catalog.workspace, segment: number)
      guard let length = committed[number] else {
        discarded += size
        try Files.remove(path)
        continue
      }
      if size > length {
        discarded += size - length
        try truncateFile(path, to: length)
      } else if size < length {
        damaged[number] = .some(size)
      }
    }
    for number in committed.keys where sizes[number] == nil { damaged[number] = .some(nil) }
    try catalog.set(segments: damaged)
    // A segment that lost bytes is only read: appending after the loss would hide it.
    for number in damaged.keys { committed[number] = nil }
    return (committed, last + 1, discarded)
  }
}
