// The digests of input files, without reading them again: a file whose size, modification time, inode and device are what
// they were has the digest that it had. 200,000 files cost 200,000 `stat`s and one SELECT.
//
// A file that was written within the last second is hashed but not remembered: another write could leave the same time.
// Guards: the table is immutable once loaded; `Slots` collects what the threads find; `changes` is the calling thread's.

import Basics
import Foundation
import GRDB
import Synchronization

/// Remembers the digests of files. For one thread at a time, which it helps with its own.
package final class FileMemo {
  private static let settledNanoseconds: Int64 = 1_000_000_000
  private static let chunk = 256

  private let catalog: Catalog
  private let table: FileTable
  private var changes: [String: [UInt8]] = [:]
  /// How many files were read since this was opened.
  package private(set) var hashed = 0

  package init(_ catalog: Catalog) throws {
    self.catalog = catalog
    table = try catalog.read { database in
      var table = FileTable()
      let rows = try Row.fetchCursor(database, sql: "SELECT entry FROM file")
      while let row = try rows.next() {
        try row.withUnsafeData(atIndex: 0) { data in (data ?? Data()).withUnsafeBytes { table.add($0) } }
      }
      table.buildIndex()
      return table
    }
  }

  /// The digest of each file, or why it has none, in the order of `paths`. Symbolic links are followed.
  /// - Throws: `Interruption.failure`; what was hashed until then can be saved.
  package func digests(
    of paths: [String], jobs: Int, isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested }
  ) throws -> [Result<Digest, Failure>] {
    let threads = max(1, min(jobs, paths.count))
    // Few files may be large ones: then one at a time, for an even load.
    let step = paths.count < Self.chunk * threads ? 1 : Self.chunk
    let slots = Slots(count: (paths.count + step - 1) / step)
    let table = table
    RunThreads.run(threads) {
      while let slot = slots.take() {
        var found: [Found] = []
        for path in paths[slot * step..<min(paths.count, (slot + 1) * step)] where !isInterrupted() {
          found.append(Self.examine(path, table))
        }
        slots.fill(slot, found)
      }
    }
    let found = slots.all
    for found in found {
      hashed += found.wasRead ? 1 : 0
      if let entry = found.entry { changes[found.path] = entry }
    }
    if found.count < paths.count { throw Interruption.failure }
    return found.map(\.digest)
  }

  /// Keeps what was found, in one transaction.
  package func save() throws {
    if changes.isEmpty { return }
    try catalog.write { database in
      let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO file (path, entry) VALUES (?, ?)")
      for (path, entry) in changes { try set.execute(arguments: [path, Data(entry)]) }
    }
    changes = [:]
  }

  private struct Found: Sendable {
    var path: String
    var digest: Result<Digest, Failure>
    var wasRead = false
    /// To be remembered.
    var entry: [UInt8]?
  }

  /// Which part of the paths is next, and what was found in each.
  private final class Slots: Sendable {
    private let next = Atomic<Int>(0)
    private let found: Mutex<[[Found]]>
    private let count: Int

    init(count: Int) {
      self.count = count
      found = Mutex([[Found]](repeating: [], count: count))
    }

    func take() -> Int? {
      let slot = next.add(1, ordering: .relaxed).oldValue
      return slot < count ? slot : nil
    }

    func fill(_ slot: Int, _ found: [Found]) { self.found.withLock { $0[slot] = found } }
    var all: [Found] { found.withLock { $0.flatMap { $0 } } }
  }

  private static func examine(_ path: String, _ table: FileTable) -> Found {
    do {
      let before = try Files.identity(path)
      if let digest = table.digest(path, before) { return Found(path: path, digest: .success(digest)) }
      let begin = now()
      let digest = try Digest.ofFile(path)
      guard try Files.identity(path) == before else { throw Failure.changingFile(path) }
      let isSettled = before.modified < begin - settledNanoseconds
      return Found(
        path: path, digest: .success(digest), wasRead: true,
        entry: isSettled ? FileTable.entry(path, before, digest) : nil)
    } catch let failure as Failure {
      return Found(path: path, digest: .failure(failure))
    } catch {
      return Found(path: path, digest: .failure(Failure("file.read", "cannot read", on: path, found: "\(error)")))
    }
  }

  private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1e9) }
}
