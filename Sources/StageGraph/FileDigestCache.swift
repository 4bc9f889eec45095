// The digests of input files, without reading them again: a file whose size, modification time, inode and device are
// what they were has the digest that it had. 200,000 files cost 200,000 `stat`s and one SELECT.
//
// A file that was written within the last second is hashed but not remembered: another write could leave the same time.
// Guards: the table is immutable once loaded; `changes` is the calling thread's.

import Basics
import Foundation
import GRDB

/// Remembers the digests of files. For one thread at a time, which it helps with its own.
package final class FileDigestCache {
  private static let settledNanoseconds: Int64 = 1_000_000_000
  private static let chunk = 256

  private let catalog: Catalog?
  private let table: FileTable
  private var changes: [String: [UInt8]] = [:]
  /// How many files were read since this was opened.
  package private(set) var hashed = 0

  /// - Parameters:
  ///   - catalog: where digests are remembered; nil: nowhere.
  ///   - directory: what is known of files directly or further below it is all that is loaded; nil: of every file.
  package init(_ catalog: Catalog?, below directory: String? = nil) throws {
    self.catalog = catalog
    guard let catalog else {
      table = FileTable()
      return
    }
    table = try catalog.read { database in
      var table = FileTable()
      // Paths are in byte order, and "0" is what follows "/".
      let sql = "SELECT entry FROM file WHERE ?1 IS NULL OR (path >= ?1 || '/' AND path < ?1 || '0')"
      try database.forEachRow(sql, arguments: [directory]) { table.add($0.bytes(0)) }
      table.buildIndex()
      return table
    }
  }

  /// The digest of each file, or why it has none, in the order of `paths`. Symbolic links are followed.
  /// - Parameters:
  ///   - seen: how the k-th file looked a moment ago; nil where it is to be looked at.
  ///   - shared: what other workspaces know.
  ///   - read: makes the digest of the k-th file, on any thread; nil: by reading it.
  /// - Throws: `Interruption.failure`; what was hashed until then can be saved.
  package func digests(
    of paths: [String], seen: @escaping @Sendable (Int) -> FileIdentity? = { _ in nil }, jobs: Int,
    isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested },
    shared: (any SharedFileDigests)? = nil, read: (@Sendable (Int) throws -> Digest)? = nil
  ) throws -> FileDigests {
    try look(paths.count, jobs: jobs, isInterrupted: isInterrupted) { [table] k in
      if let file = seen(k), let digest = table.digest(paths[k], file) { return Seen(digest: .success(digest)) }
      let place = Place(path: paths[k], part: "", key: paths[k])
      return Self.examine(place, table, shared) { try read?(k) ?? Digest.ofFile(paths[k]) }
    }
  }

  /// The same of parts of files: one whose file is what it was has the digest that it had.
  /// - Parameters:
  ///   - part: a path and what names the part in it, nil for one to be read each time; asked on any thread.
  ///   - read: makes the digest of the k-th part, on any thread.
  package func digests(
    ofParts count: Int, jobs: Int,
    isInterrupted: @escaping @Sendable () -> Bool = { Interruption.isRequested },
    shared: (any SharedFileDigests)? = nil,
    _ part: @escaping @Sendable (Int) -> (path: String, part: String?),
    read: @escaping @Sendable (Int) throws -> Digest
  ) throws -> FileDigests {
    try look(count, jobs: jobs, isInterrupted: isInterrupted) { [table] k in
      let (path, part) = part(k)
      let place = Place(path: path, part: part ?? "", key: part.map { "\(path)//\($0)" })
      return Self.examine(place, table, shared) { try read(k) }
    }
  }

  private func look(
    _ count: Int, jobs: Int, isInterrupted: @escaping @Sendable () -> Bool,
    _ examine: @escaping @Sendable (Int) -> Seen
  ) throws -> FileDigests {
    let threads = max(1, min(jobs, count))
    // Few files may be large ones: then one at a time, for an even load.
    let step = count < Self.chunk * threads ? 1 : Self.chunk
    let slots = parallelMap((count + step - 1) / step, threads: threads) { slot in
      var found = Slot()
      for k in slot * step..<min(count, (slot + 1) * step) where !isInterrupted() { found.add(examine(k)) }
      return found
    }
    var digests = FileDigests(count: count)
    for found in slots {
      hashed += found.read
      for (key, entry) in found.entries { changes[key] = entry }
      for (k, failure) in found.failures { digests.failures[digests.count + k] = failure }
      digests.digests += found.digests
    }
    if digests.count < count { throw Interruption.failure }
    return digests
  }

  /// Forgets a file under every name, and its parts: what is read next is read indeed.
  package static func forget(_ path: String, in catalog: Catalog) throws {
    guard let file = try? Files.identity(path) else { return }
    let entry = FileTable.entry("", file, Digest(of: []))
    try catalog.write { database in
      try database.execute(
        sql: "DELETE FROM file WHERE substr(entry, 17, 16) = ?", arguments: [Data(entry[16..<32])])
    }
  }

  /// Keeps what was found, in one transaction.
  package func save() throws {
    if let catalog { try found.save(into: catalog) }
    changes = [:]
  }

  /// What was found since this was opened, or saved last: for who opened the catalog to read, and may write later.
  package var found: Found { Found(entries: changes) }

  package struct Found: Sendable {
    fileprivate var entries: [String: [UInt8]] = [:]

    package init() {}
    fileprivate init(entries: [String: [UInt8]]) { self.entries = entries }

    /// In one transaction.
    package func save(into catalog: Catalog) throws {
      if entries.isEmpty { return }
      try catalog.write { database in
        let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO file (path, entry) VALUES (?, ?)")
        for (path, entry) in entries { try set.execute(arguments: [path, Data(entry)]) }
      }
    }
  }

  private struct Seen: Sendable {
    /// The path, and the part of the file if it is one; empty where nothing is remembered.
    var key = ""
    var digest: Result<Digest, Failure>
    var wasRead = false
    /// To be remembered.
    var entry: [UInt8]?
  }

  /// What was found in one part of the paths.
  private struct Slot: Sendable {
    var digests: [Digest?] = []
    var failures: [(Int, Failure)] = []
    var entries: [(String, [UInt8])] = []
    var read = 0

    mutating func add(_ found: Seen) {
      switch found.digest {
      case .success(let digest): digests.append(digest)
      case .failure(let failure):
        failures.append((digests.count, failure))
        digests.append(nil)
      }
      if let entry = found.entry { entries.append((found.key, entry)) }
      if found.wasRead { read += 1 }
    }
  }

  /// A file or a part of one.
  private struct Place {
    var path: String
    var part: String
    /// Under which the digest is remembered; nil: it is not.
    var key: String?
  }

  private static func examine(
    _ place: Place, _ table: FileTable, _ shared: (any SharedFileDigests)?, _ read: () throws -> Digest
  ) -> Seen {
    let path = place.path
    do {
      guard let key = place.key else { return Seen(digest: .success(try read()), wasRead: true) }
      let before = try Files.identity(path)
      if let digest = table.digest(key, before) { return Seen(digest: .success(digest)) }
      let begin = now()
      let isSettled = before.modified < begin - settledNanoseconds
      if isSettled, let digest = shared?.digest(of: path, part: place.part, before) {
        return Seen(key: key, digest: .success(digest), entry: FileTable.entry(key, before, digest))
      }
      let digest = try read()
      guard try Files.identity(path) == before else { throw Failure.changingFile(path) }
      if isSettled { shared?.keep(digest, of: path, part: place.part, before) }
      return Seen(
        key: key, digest: .success(digest), wasRead: true, entry: isSettled ? FileTable.entry(key, before, digest) : nil
      )
    } catch let failure as Failure {
      return Seen(digest: .failure(failure))
    } catch {
      return Seen(digest: .failure(Failure("file.read", "cannot read", on: path, found: "\(error)")))
    }
  }

  private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1e9) }
}
