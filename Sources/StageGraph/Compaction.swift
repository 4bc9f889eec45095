// Frees the space of data that nothing refers to: the engine's part of `gc`.
//
// Kept are all outputs of current records whose actions the caller still wants, and of the records that the last few
// runs with something to do set aside (so that going back to the previous parameter costs nothing). Everything else is
// removed.
// Cycle: one transaction deletes rows → for each segment with dead bytes, its live records are copied to the end of the
// store → synced → one transaction moves their rows and deletes the segment → the old file is removed. A kill leaves
// the state before or after each step. Dead bytes without rows are found again next time; files without rows are
// removed at the next open.

import Basics
import Foundation
import GRDB

/// Data that nothing refers to.
package struct Garbage: Sendable {
  /// Records of actions that are no longer wanted, and older records no longer kept.
  package var records = 0
  package var memos = 0
  package var artifacts = 0
  package var bytes = 0
  /// Segments to rewrite or remove.
  package var segments = 0
  /// Bytes of live records to copy for this.
  package var copied = 0

  var dropped: [ActionID] = []
  var droppedMemos: [Digest] = []
  var dead: [Digest] = []
  /// The live artifacts of each segment that has dead bytes.
  var rewritten: [Int: [ArtifactLocation]] = [:]
}

extension ArtifactStore {
  /// Finds what can be removed; changes nothing.
  /// - Parameters:
  ///   - generations: the number of last runs with something to do whose set-aside records are kept.
  ///   - isWanted: whether an action's current record is kept.
  package func garbage(generations: Int, isWanted: (ActionID) -> Bool) throws -> Garbage {
    var garbage = Garbage()
    let live = try catalog.mark(&garbage, generations: generations, isWanted: isWanted)
    var used: [Int: Int] = [:]
    var kept: [Int: [ArtifactLocation]] = [:]
    for location in try catalog.locations() {
      if live.contains(location.digest) {
        used[location.segment, default: 0] += SegmentRecord.headerSize + location.length
        kept[location.segment, default: []].append(location)
      } else {
        garbage.dead.append(location.digest)
      }
    }
    for (number, length) in try catalog.segments() where used[number, default: 0] < length {
      garbage.rewritten[number] = kept[number] ?? []
      garbage.bytes += length - used[number, default: 0]
      garbage.copied += used[number, default: 0]
    }
    (garbage.records, garbage.memos) = (garbage.dropped.count, garbage.droppedMemos.count)
    (garbage.artifacts, garbage.segments) = (garbage.dead.count, garbage.rewritten.count)
    return garbage
  }

  /// Removes the garbage. Meanwhile it needs space for one segment's live bytes.
  /// - Throws: `Interruption.failure` between segments; the work done so far is kept.
  package func collect(
    _ garbage: Garbage, isInterrupted: () -> Bool = { Interruption.isRequested }, onSegment: () -> Void = {}
  ) throws {
    guard catalog.isWriter else { throw Failure.readOnlyWorkspace(catalog.workspace) }
    try catalog.drop(garbage)
    let next = (try catalog.segments().keys.max() ?? -1) + 1
    writer.withLock { writer in
      if !garbage.rewritten.isEmpty { writer.begin(max(next, (writer.lengths.keys.max() ?? -1) + 1)) }
    }
    for (number, live) in garbage.rewritten.sorted(by: { $0.key < $1.key }) {
      if isInterrupted() { throw Interruption.failure }
      try empty(number, of: live)
      onSegment()
    }
    try Files.sync(directory: directory)
  }

  /// Copies the live records of a segment, then removes it.
  private func empty(_ number: Int, of live: [ArtifactLocation]) throws {
    try writer.withLock { writer in
      do {
        var (moved, lost): ([ArtifactLocation], [Digest]) = ([], [])
        for location in live {
          do {
            moved.append(try writer.append(location.digest, try read(location)))
          } catch let failure as Failure where failure.code == "artifact.corrupt" {
            lost.append(location.digest)
          }
        }
        try writer.sync()
        try catalog.lose(lost, .corrupt)
        try catalog.move(moved, from: number, segments: writer.changed)
        writer.commit()
        writer.forget(number)
      } catch {
        writer.rollBack()
        throw error
      }
    }
    closeReader(number)
    try Files.remove(Self.path(catalog.workspace, segment: number))
  }
}

extension Catalog {
  /// Collects the records to remove, and returns the digests to keep.
  fileprivate func mark(
    _ garbage: inout Garbage, generations: Int, isWanted: (ActionID) -> Bool
  ) throws -> Set<Digest> {
    let path = Self.path(workspace)
    return try read { database in
      var live: Set<Digest> = []
      func keep(_ data: Data) throws {
        let bytes = Array(data)
        guard bytes.withUnsafeBytes(RecordBody.isWhole) else {
          throw Failure.damagedRecord(path, "of \(bytes.count) bytes")
        }
        for output in RecordBody(page: BytePage(bytes), start: 0, count: Int32(bytes.count)).outputs {
          live.insert(output.artifact.digest)
        }
      }
      let actions = try Row.fetchCursor(database, sql: "SELECT stage, subject, body FROM action")
      while let row = try actions.next() {
        let id = ActionID(stage: row[0], subject: row[1])
        if isWanted(id) { try keep(row[2]) } else { garbage.dropped.append(id) }
      }
      let oldest = try Self.generation(database) - generations
      let memos = try Row.fetchCursor(database, sql: "SELECT fingerprint, generation, body FROM memo")
      while let row = try memos.next() {
        if (row[1] as Int) > oldest {
          try keep(row[2])
        } else if let fingerprint = Digest(bytes: row[0] as Data) {
          garbage.droppedMemos.append(fingerprint)
        }
      }
      return live
    }
  }

  fileprivate func drop(_ garbage: Garbage) throws {
    try write { database in
      let action = try database.cachedStatement(sql: "DELETE FROM action WHERE stage = ? AND subject = ?")
      for record in garbage.dropped { try action.execute(arguments: [record.stage, record.subject]) }
      try Self.unsettle(Set(garbage.dropped.map(\.subject)), database)
      if !garbage.dropped.isEmpty {
        try database.execute(sql: "DELETE FROM subject WHERE name NOT IN (SELECT subject FROM action)")
      }
      let memo = try database.cachedStatement(sql: "DELETE FROM memo WHERE fingerprint = ?")
      for fingerprint in garbage.droppedMemos { try memo.execute(arguments: [fingerprint.data]) }
      let artifact = try database.cachedStatement(sql: "DELETE FROM artifact WHERE digest = ?")
      for digest in garbage.dead { try artifact.execute(arguments: [digest.data]) }
    }
  }

  fileprivate func move(_ moved: [ArtifactLocation], from segment: Int, segments: [Int: Int]) throws {
    try write { database in
      let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO artifact VALUES (?, ?, ?, ?)")
      for at in moved { try set.execute(arguments: [at.digest.data, at.segment, at.offset, at.length]) }
      for (number, length) in segments {
        try database.execute(sql: "INSERT OR REPLACE INTO segment VALUES (?, ?)", arguments: [number, length])
      }
      try database.execute(sql: "DELETE FROM artifact WHERE segment = ?", arguments: [segment])
      try database.execute(sql: "DELETE FROM segment WHERE number = ?", arguments: [segment])
    }
  }
}
