// The smaller tables: runs, written shards, directories of outputs, stage times, and the progress of a prepare.

import Basics
import GRDB

/// A run and its details as JSON.
package struct RunRow: Sendable, Equatable {
  package var name: String
  package var detail: String
}

/// A written shard.
package struct ShardRow: Sendable, Equatable {
  /// The fingerprint of its content.
  package var fingerprint: Digest
  package var name: String
  /// The digest of the file.
  package var digest: Digest
  package var bytes: Int
  package var samples: Int
  /// The digest of the index beside it; nil if an earlier version did not record it.
  package var index: Digest?

  package init(fingerprint: Digest, name: String, digest: Digest, bytes: Int, samples: Int, index: Digest?) {
    (self.fingerprint, self.name, self.digest) = (fingerprint, name, digest)
    (self.bytes, self.samples, self.index) = (bytes, samples, index)
  }
}

/// The work of a stage in one prepare.
package struct StageTimeRow: Sendable, Equatable {
  package var stage: String
  package var ran: Int
  /// Actions whose results came from the remote cache.
  package var fetched: Int
  package var upToDate: Int
  /// The working time, summed over workers.
  package var seconds: Double

  package init(stage: String, ran: Int, fetched: Int, upToDate: Int, seconds: Double) {
    (self.stage, self.ran, self.fetched) = (stage, ran, fetched)
    (self.upToDate, self.seconds) = (upToDate, seconds)
  }
}

extension Catalog {
  /// Stores a run and makes it the last one.
  package func touch(run name: String, detail: String) throws {
    try write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO run SELECT ?, ?, coalesce(max(position), 0) + 1 FROM run",
        arguments: [name, detail])
    }
  }

  /// The runs in the order in which they were last touched.
  package func runs() throws -> [RunRow] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT name, detail FROM run ORDER BY position")
        .map { RunRow(name: $0[0], detail: $0[1]) }
    }
  }

  /// The number of actions with a record in each stage. Once there are verdicts, only subjects with a verdict count.
  package func actionCounts() throws -> [String: Int] {
    try read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT stage, count(*) FROM action WHERE subject IN (SELECT clip FROM verdict)
          OR NOT EXISTS (SELECT 1 FROM verdict) GROUP BY stage
          """)
      return Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }, uniquingKeysWith: +)
    }
  }

  // MARK: Shards

  /// In no particular order.
  package func shards() throws -> [ShardRow] {
    try read { database in
      let sql = "SELECT fingerprint, name, digest, bytes, samples, idx FROM shard"
      return try Row.fetchAll(database, sql: sql).compactMap { row in
        guard let fingerprint = Digest(hex: row[0]), let digest = Digest(hex: row[2]) else { return nil }
        return ShardRow(
          fingerprint: fingerprint, name: row[1], digest: digest, bytes: row[3], samples: row[4],
          index: (row[5] as String?).flatMap { Digest(hex: $0) })
      }
    }
  }

  package func set(shard row: ShardRow) throws {
    try write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO shard VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [row.fingerprint.hex, row.name, row.digest.hex, row.bytes, row.samples, row.index?.hex])
    }
  }

  // MARK: Directories

  /// The kinds of output whose directory is remembered.
  package enum Output: String, Sendable { case shards, frames }

  /// The last directory of a kind of output; nil if there was none.
  package func directory(of output: Output) throws -> String? {
    try read {
      try String.fetchOne($0, sql: "SELECT path FROM directory WHERE output = ?", arguments: [output.rawValue])
    }
  }

  package func set(directory path: String, of output: Output) throws {
    if try directory(of: output) == path { return }
    try write {
      try $0.execute(sql: "INSERT OR REPLACE INTO directory VALUES (?, ?)", arguments: [output.rawValue, path])
    }
  }

  // MARK: Times

  /// In stage order; empty if no prepare had anything to do.
  package func stageTimes() throws -> [StageTimeRow] {
    try read { database in
      let sql = "SELECT stage, ran, fetched, up_to_date, seconds FROM stage_time ORDER BY position"
      return try Row.fetchAll(database, sql: sql)
        .map { StageTimeRow(stage: $0[0], ran: $0[1], fetched: $0[2], upToDate: $0[3], seconds: $0[4]) }
    }
  }

  package func set(stageTimes rows: [StageTimeRow]) throws {
    try write { database in
      try database.execute(sql: "DELETE FROM stage_time")
      for (k, row) in rows.enumerated() {
        try database.execute(
          sql: "INSERT INTO stage_time VALUES (?, ?, ?, ?, ?, ?)",
          arguments: [k, row.stage, row.ran, row.fetched, row.upToDate, row.seconds])
      }
    }
  }

  // MARK: Progress

  /// Whether a prepare has begun and not reached its verdicts.
  package func isUnfinished() throws -> Bool {
    try read { try Bool.fetchOne($0, sql: "SELECT is_unfinished FROM progress") ?? false }
  }

  package func set(isUnfinished: Bool) throws {
    try write { try $0.execute(sql: "UPDATE progress SET is_unfinished = ?", arguments: [isUnfinished]) }
  }

  static func generation(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT generation FROM progress") ?? 0
  }

  /// Starts a new generation for the older records set aside from now on.
  func beginGeneration() throws {
    try write { try $0.execute(sql: "UPDATE progress SET generation = generation + 1") }
  }
}
