// The tables of the catalog and how an older catalog becomes a current one. `user_version` counts the migrations that were
// applied; a migration is never edited once it was released, only followed by another.

import GRDB

enum CatalogSchema {
  static let migrations: [String] = [first, generations, memos]

  static var version: Int { migrations.count }

  /// Brings a catalog of an older layout up to date, in the caller's transaction.
  static func migrate(_ database: Database, from version: Int) throws {
    for migration in migrations[version...] { try database.execute(sql: migration) }
    try database.execute(sql: "PRAGMA user_version = \(migrations.count)")
  }

  /// Which run with something to do put an older record aside: gc keeps those of the last few.
  private static let generations = "ALTER TABLE memo ADD COLUMN generation INTEGER NOT NULL DEFAULT 0"

  /// What spares finding an item's state again; none for those of before.
  private static let memos = "ALTER TABLE item ADD COLUMN memo BLOB NOT NULL DEFAULT x''"

  /// Tables that are loaded whole keep one compact column to be loaded from: a row costs one read, whatever it holds.
  private static let first = """
    -- A stage as it was when a record was made; `text` is canonical JSON of its version, parameters and toolchain.
    CREATE TABLE configuration (id INTEGER PRIMARY KEY, stage TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (stage, text));
    -- The record of each action (RecordBody), and older final ones by fingerprint.
    CREATE TABLE action (stage TEXT NOT NULL, subject TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (stage, subject))
      WITHOUT ROWID;
    CREATE TABLE memo (fingerprint BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
    -- Where stored bytes lie, and how much of each segment is committed.
    CREATE TABLE artifact (digest BLOB PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
      length INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE segment (number INTEGER PRIMARY KEY, length INTEGER NOT NULL);
    -- Bytes that records name and the store has no more; `loss` is missing or corrupt.
    CREATE TABLE lost (digest BLOB PRIMARY KEY, loss TEXT NOT NULL) WITHOUT ROWID;
    -- Digests of input files (FileMemo).
    CREATE TABLE file (path TEXT PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID;
    -- The caller's: a state for each item, runs in the order they were last touched, and notes.
    CREATE TABLE item (key TEXT PRIMARY KEY, state TEXT NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX item_state ON item (state);
    CREATE TABLE run (name TEXT PRIMARY KEY, detail TEXT NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE note (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    """
}
