// The workspace's database: completed actions, the places of their bytes, and facts about files. One process writes,
// under a lock that is released when it dies; any number of processes can read at the same time without a lock.
//
// Cycle of a write: the bytes that rows refer to are already synced (ArtifactStore) → one transaction → WAL synced
// (synchronous = FULL) → the rows count. A kill before the last step leaves the previous state.
// Guards: `pool` serializes writers and gives each reader a snapshot; `lock` guards itself.

import Basics
import GRDB
import Synchronization

/// The workspace's database.
package final class Catalog: Sendable {
  package let workspace: String
  /// The layout version that this writer migrated from when it opened the workspace; nil if no migration was needed.
  package let migratedFrom: Int?
  private let pool: DatabasePool
  private let lock: Mutex<FileLock?>

  private init(_ workspace: String, _ pool: DatabasePool, _ lock: FileLock?, migratedFrom: Int? = nil) {
    self.workspace = workspace
    self.migratedFrom = migratedFrom
    self.pool = pool
    self.lock = Mutex(lock)
  }

  /// Whether this process may write: it opened the workspace for writing and has not called `endWriting`.
  package var isWriter: Bool { lock.withLock { $0 != nil } }

  /// Lets other processes write. Reading continues; the store stays open as long as a record is in use.
  package func endWriting() { lock.withLock { $0 = nil } }

  /// Opens the workspace for writing. Creates it, or migrates it to the current layout, if needed.
  /// - Throws: `Failure.locked` with the holder's pid; a `Failure` for a newer layout.
  package static func writer(_ workspace: String) throws -> Catalog {
    try Files.makeDirectory(workspace)
    let lock = try FileLock("\(workspace)/lock")
    let path = Self.path(workspace)
    return try wording(path) {
      let pool = try DatabasePool(path: path, configuration: Self.configuration())
      let version = try pool.read { try Self.version($0) }
      guard version <= CatalogSchema.version else {
        throw Failure.workspaceVersion(workspace, found: version, expected: CatalogSchema.version)
      }
      if version < CatalogSchema.version { try pool.write { try CatalogSchema.migrate($0, from: version) } }
      // GRDB sets NORMAL when it turns WAL on: a power failure could then undo a commit that was already reported.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      let isOlder = (1..<CatalogSchema.version).contains(version)
      return Catalog(workspace, pool, lock, migratedFrom: isOlder ? version : nil)
    }
  }

  /// Opens the workspace for reading, while another process may be writing.
  /// - Throws: a `Failure` if there is no workspace, or if it has another layout.
  package static func reader(_ workspace: String) throws -> Catalog {
    let path = Self.path(workspace)
    guard Files.exists(path) else { throw Failure.noWorkspace(workspace) }
    return try wording(path) {
      var configuration = Self.configuration()
      configuration.readonly = true
      let pool = try DatabasePool(path: path, configuration: configuration)
      let version = try pool.read { try Self.version($0) }
      // Killed before its first migration.
      if version == 0 { throw Failure.noWorkspace(workspace) }
      guard version == CatalogSchema.version else {
        throw Failure.workspaceVersion(workspace, found: version, expected: CatalogSchema.version)
      }
      return Catalog(workspace, pool, nil)
    }
  }

  /// Like `reader`, but nil if there is no workspace yet.
  /// - Throws: a `Failure` if the workspace cannot be read.
  package static func readerIfThere(_ workspace: String) throws -> Catalog? {
    do { return try reader(workspace) } catch let failure as Failure where failure.code == "workspace.missing" {
      return nil
    }
  }

  static func path(_ workspace: String) -> String { "\(workspace)/catalog.sqlite" }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.label = "catalog"
    configuration.busyMode = .timeout(10)
    configuration.maximumReaderCount = 16
    return configuration
  }

  private static func version(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
  }

  /// Reads with one snapshot for the whole of `body`. On any thread.
  func read<T>(_ body: (Database) throws -> T) throws -> T {
    try Self.wording(Self.path(workspace)) { try pool.read(body) }
  }

  /// Reads with a single statement, which is a snapshot by itself. It avoids a transaction, which takes longer than
  /// looking up one row.
  func readOne<T>(_ body: (Database) throws -> T) throws -> T {
    try Self.wording(Self.path(workspace)) { try pool.unsafeRead(body) }
  }

  /// Writes in one transaction: all of `body` or nothing.
  func write<T>(_ body: (Database) throws -> T) throws -> T {
    guard isWriter else { throw Failure.readOnlyWorkspace(workspace) }
    return try Self.wording(Self.path(workspace)) { try pool.write(body) }
  }

  /// Runs a statement on the writing connection (tests use it to make it run out of space).
  func configureWriter(_ sql: String) throws {
    try Self.wording(Self.path(workspace)) { try pool.writeWithoutTransaction { try $0.execute(sql: sql) } }
  }

  /// A setting of the writing connection.
  func writerSetting(_ name: String) throws -> String? {
    try Self.wording(Self.path(workspace)) {
      try pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
    }
  }

  private static func wording<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as DatabaseError {
      let code = error.resultCode
      throw Failure.catalog(
        path, error.message ?? "\(code)", isFull: code == .SQLITE_FULL,
        isDamaged: code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB)
    }
  }
}
