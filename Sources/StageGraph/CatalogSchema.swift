// The tables of the catalog, and the migration of an older catalog. `user_version` counts the migrations applied. A
// released migration is never edited, only followed by another.

import GRDB

enum CatalogSchema {
  static let migrations: [String] = [first, generations, memos, typedTables, preparedSets]

  static var version: Int { migrations.count }

  /// Migrates a catalog from an older layout, in the caller's transaction.
  static func migrate(_ database: Database, from version: Int) throws {
    for migration in migrations[version...] { try database.execute(sql: migration) }
    try database.execute(sql: "PRAGMA user_version = \(migrations.count)")
  }

  /// The inputs of each directory of shards, and the lengths of files.
  private static let preparedSets = """
    -- By the folder's path: JSON of ShardSetRecord.
    CREATE TABLE shard_set (directory TEXT PRIMARY KEY, detail TEXT NOT NULL) WITHOUT ROWID;
    -- Seconds by a digest of the file and what measured it; below 0: it has no length.
    CREATE TABLE file_length (key BLOB PRIMARY KEY, seconds REAL NOT NULL) WITHOUT ROWID;
    """

  /// One table for each kind of data, instead of items and notes with prefixes; and the subjects (SubjectLedger).
  /// Verdict data cached by older versions is dropped: it is computed again from the stored summaries.
  private static let typedTables = """
    -- What all actions of a subject were functions of when they were last up to date, and their outputs; empty: not settled.
    CREATE TABLE subject (name TEXT PRIMARY KEY, settled BLOB NOT NULL) WITHOUT ROWID;
    INSERT INTO subject SELECT DISTINCT subject, x'' FROM action;
    -- What became of each file, by a key that names it; `detail` is JSON, `cache` is CachedVerdict.
    CREATE TABLE verdict (key TEXT PRIMARY KEY, clip TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL,
      cache BLOB NOT NULL) WITHOUT ROWID;
    INSERT INTO verdict SELECT key, coalesce(json_extract(detail, '$.id'), ''), state, detail, x'' FROM item;
    DROP TABLE item;
    CREATE INDEX verdict_state ON verdict (state);
    -- Every shard that was ever written from this workspace, by the fingerprint of its content, in hexadecimal like all digests here.
    CREATE TABLE shard (fingerprint TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,
      samples INTEGER NOT NULL, idx TEXT) WITHOUT ROWID;
    INSERT INTO shard SELECT substr(key, 7), json_extract(text, '$.name'), json_extract(text, '$.digest'),
      json_extract(text, '$.byteCount'), json_extract(text, '$.sampleCount'), json_extract(text, '$.index')
      FROM note WHERE substr(key, 1, 6) = 'shard ';
    -- Where each kind of output was put last.
    CREATE TABLE directory (output TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO directory SELECT key, text FROM note WHERE key IN ('shards', 'frames');
    -- The work of the last prepare that had any, stage by stage.
    CREATE TABLE stage_time (position INTEGER PRIMARY KEY, stage TEXT NOT NULL, ran INTEGER NOT NULL,
      fetched INTEGER NOT NULL, up_to_date INTEGER NOT NULL, seconds REAL NOT NULL);
    INSERT INTO stage_time SELECT row.key, json_extract(row.value, '$.name'), json_extract(row.value, '$.ran'),
      coalesce(json_extract(row.value, '$.fetched'), 0), json_extract(row.value, '$.upToDate'),
      json_extract(row.value, '$.seconds')
      FROM note, json_each(note.text, '$.rows') AS row WHERE note.key = 'record.prepare';
    -- One row. Runs with something to do are counted; one that has begun and not come to its verdicts is marked.
    CREATE TABLE progress (generation INTEGER NOT NULL, is_unfinished INTEGER NOT NULL);
    INSERT INTO progress SELECT coalesce((SELECT CAST(text AS INTEGER) FROM note WHERE key = 'generation'), 0),
      EXISTS (SELECT 1 FROM note WHERE key = 'prepare: unfinished');
    DROP TABLE note;
    """

  /// The run that set an older record aside, counting only runs with something to do: gc keeps the records of the last
  /// few.
  private static let generations = "ALTER TABLE memo ADD COLUMN generation INTEGER NOT NULL DEFAULT 0"

  /// Cached data that avoids computing an item's state again; empty for existing items.
  private static let memos = "ALTER TABLE item ADD COLUMN memo BLOB NOT NULL DEFAULT x''"

  /// Tables that are loaded whole have one compact column to load, so that a row costs one read, whatever it holds.
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
    -- Digests of input files (FileDigestCache).
    CREATE TABLE file (path TEXT PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID;
    -- The caller's: a state for each item, runs in the order they were last touched, and notes.
    CREATE TABLE item (key TEXT PRIMARY KEY, state TEXT NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX item_state ON item (state);
    CREATE TABLE run (name TEXT PRIMARY KEY, detail TEXT NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE note (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    """
}
