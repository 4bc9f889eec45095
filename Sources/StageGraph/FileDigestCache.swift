// Caches the digests of input files: a file whose size, modification time, inode and device are unchanged has the same
// digest and is not read again. 200,000 files cost 200,000 `stat` calls and one SELECT.
//
// A file written within the last second is hashed but not cached, because another write could leave the same time.
// Guards: the table is immutable once loaded; `changes` belongs to the calling thread.

import Basics
import Foundation
import GRDB

/// Remembers the digests of files. For one thread at a time; it starts its own threads for the work.
package final class FileDigestCache {
  private static let settledNanoseconds: Int64 = 1_000_000_000
  private static let chunk = 256

  private let catalog: Catalog?
  private let table: FileTable
  private var changes: [String: [UInt8]] = [:]
  /// The number of files read since this cache was opened.
  package private(set) var hashed = 0

  /// - Parameters:
  ///   - catalog: where digests are cached; nil: not at all.
  ///   - directory: loads only entries of files below this directory; nil: all entries.
  package init(_ catalog: Catalog?, below directory: String? = nil) throws {
    self.catalog = catalog
    guard let catalog else {
      table = FileTable()
      return
    }
    table = try catalog.read { database in
      var table = FileTable()
      // Paths are in byte order, and "0" is the character after "/".
      let sql = "SELECT entry FROM file WHERE ?1 IS NULL OR (path >= ?1 || '/' AND path < ?1 || '0')"
      try database.forEachRow(sql, arguments: [directory]) { table.add($0.bytes(0)) }
      table.buildIndex()
      return table
    }
  }

  /// The digest of each file, or the reason why it has none, in the order of `paths`. Symbolic links are followed.
  /// - Parameters:
  ///   - seen: the identity of the k-th file as seen just before; nil to look it up.
  ///   - shared: digests from other workspaces.
  ///   - read: computes the digest of the k-th file, on any thread; nil: the file is read.
  /// - Throws: `Interruption.failure`; the digests computed so far can be saved.
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

  /// The digests of parts of files: a part of an unchanged file has the same digest as before.
  /// - Parameters:
  ///   - part: a path and the name of the part in it, or nil to read it every time; called on any thread.
  ///   - read: computes the digest of the k-th part, on any thread.
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
    // If there are few files, they may be large: each is then taken singly, to distribute the work evenly.
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

  /// Removes the entries of a file under all its names, and of its parts, so that it is read again next time.
  package static func forget(_ path: String, in catalog: Catalog) throws {
    guard let file = try? Files.identity(path) else { return }
    let entry = FileTable.entry("", file, Digest(of: []))
    try catalog.write { database in
      try database.execute(
        sql: "DELETE FROM file WHERE substr(entry, 17, 16) = ?", arguments: [Data(entry[16..<32])])
    }
  }

  /// Saves what was found, in one transaction.
  package func save() throws {
    if let catalog { try found.save(into: catalog) }
    changes = [:]
  }

  /// What was found since this cache was opened or last saved: for code that opened the catalog to read and may write
  /// later.
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
    /// The path, and the part if it is a part of a file; empty if nothing is cached.
    var key = ""
    var digest: Result<Digest, Failure>
    var wasRead = false
    /// The entry to cache, if any.
    var entry: [UInt8]?
  }

  /// The results for one slice of the paths.
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
    /// The key under which the digest is cached; nil: it is not.
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
