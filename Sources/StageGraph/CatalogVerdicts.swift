// The verdict on each file: rows whose details and cache are in the caller's own format.

import Basics
import Foundation
import GRDB

/// The verdict on one file.
package struct VerdictRow: Sendable, Equatable {
  /// The file's unique name.
  package var key: String
  /// The subject of the file's actions.
  package var clip: String
  package var state: String
  /// JSON.
  package var detail: String
  /// Cached data that lets the caller avoid computing the verdict again.
  package var cache: [UInt8]

  package init(key: String, clip: String, state: String, detail: String, cache: [UInt8] = []) {
    (self.key, self.clip, self.state, self.detail, self.cache) = (key, clip, state, detail, cache)
  }
}

extension Catalog {
  /// Stores these verdicts and removes those with `keys`; others stay.
  package func update(verdicts: [VerdictRow], removing keys: [String] = []) throws {
    if verdicts.isEmpty && keys.isEmpty { return }
    try write { database in
      let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?)")
      for row in verdicts { try set.execute(arguments: [row.key, row.clip, row.state, row.detail, Data(row.cache)]) }
      let remove = try database.cachedStatement(sql: "DELETE FROM verdict WHERE key = ?")
      for key in keys { try remove.execute(arguments: [key]) }
    }
  }

  /// In byte order of their keys; all verdicts, or those with one state.
  package func verdicts(state: String? = nil) throws -> [VerdictRow] {
    try read { database in
      let sql = "SELECT key, clip, state, detail, cache FROM verdict WHERE ?1 IS NULL OR state = ?1 ORDER BY key"
      return try Row.fetchAll(database, sql: sql, arguments: [state])
        .map { VerdictRow(key: $0[0], clip: $0[1], state: $0[2], detail: $0[3], cache: Array($0[4] as Data)) }
    }
  }

  /// The caches of all verdicts, without their other columns.
  package func verdictCaches() throws -> VerdictCaches {
    try read { database in
      var caches = VerdictCaches()
      try database.forEachRow("SELECT key, cache FROM verdict") { row in
        caches.add(key: row.bytes(0), cache: row.bytes(1))
      }
      caches.buildIndex()
      return caches
    }
  }

  /// The clips that have any verdict.
  package func clipsWithVerdict() throws -> Set<String> {
    try read { try String.fetchSet($0, sql: "SELECT clip FROM verdict") }
  }

  package func verdictCounts() throws -> [String: Int] {
    try read { database in
      let rows = try Row.fetchAll(database, sql: "SELECT state, count(*) FROM verdict GROUP BY state")
      return Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }, uniquingKeysWith: +)
    }
  }
}
