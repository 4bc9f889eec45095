// Rows whose meaning is the caller's: a state for each item, runs, and notes. The engine keeps them and gives them back.

import Basics
import Foundation
import GRDB

/// The state of one item, with details as JSON.
package struct Item: Sendable, Equatable {
  package var key: String
  package var state: String
  package var detail: String
  /// What spares the caller finding the state again.
  package var memo: [UInt8]

  package init(key: String, state: String, detail: String, memo: [UInt8] = []) {
    self.key = key
    self.state = state
    self.detail = detail
    self.memo = memo
  }
}

/// A run and its details as JSON.
package struct RunRow: Sendable, Equatable {
  package var name: String
  package var detail: String
}

extension Catalog {
  /// Sets these items and removes those; others stay.
  package func update(items: [Item], removing keys: [String] = []) throws {
    if items.isEmpty && keys.isEmpty { return }
    try write { database in
      let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)")
      for item in items { try set.execute(arguments: [item.key, item.state, item.detail, Data(item.memo)]) }
      let remove = try database.cachedStatement(sql: "DELETE FROM item WHERE key = ?")
      for key in keys { try remove.execute(arguments: [key]) }
    }
  }

  /// In byte order of their keys; all, or those of one state.
  package func items(state: String? = nil) throws -> [Item] {
    try read { database in
      let sql = "SELECT key, state, detail, memo FROM item WHERE ?1 IS NULL OR state = ?1 ORDER BY key"
      return try Row.fetchAll(database, sql: sql, arguments: [state])
        .map { Item(key: $0[0], state: $0[1], detail: $0[2], memo: Array($0[3] as Data)) }
    }
  }

  /// The memos of all items, without their states.
  package func itemMemos() throws -> ItemMemos {
    try read { database in
      var memos = ItemMemos()
      let rows = try Row.fetchCursor(database, sql: "SELECT key, memo FROM item")
      while let row = try rows.next() {
        try row.withUnsafeData(atIndex: 0) { key in
          try row.withUnsafeData(atIndex: 1) { memo in
            (key ?? Data()).withUnsafeBytes { key in
              (memo ?? Data()).withUnsafeBytes { memo in memos.add(key: key, memo: memo) }
            }
          }
        }
      }
      memos.buildIndex()
      return memos
    }
  }

  package func itemCounts() throws -> [String: Int] {
    try read { database in
      let rows = try Row.fetchAll(database, sql: "SELECT state, count(*) FROM item GROUP BY state")
      return Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }, uniquingKeysWith: +)
    }
  }

  /// Sets a run and makes it the last one.
  package func touch(run name: String, detail: String) throws {
    try write { database in
      try database.execute(
        sql: "INSERT OR REPLACE INTO run SELECT ?, ?, coalesce(max(position), 0) + 1 FROM run",
        arguments: [name, detail])
    }
  }

  /// In the order in which they were last touched.
  package func runs() throws -> [RunRow] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT name, detail FROM run ORDER BY position")
        .map { RunRow(name: $0[0], detail: $0[1]) }
    }
  }

  package func note(_ key: String) throws -> String? {
    try read { try String.fetchOne($0, sql: "SELECT text FROM note WHERE key = ?", arguments: [key]) }
  }

  /// Every note whose key begins so.
  package func notes(prefix: String) throws -> [String: String] {
    try read { database in
      let sql = "SELECT key, text FROM note WHERE substr(key, 1, length(?1)) = ?1"
      let rows = try Row.fetchAll(database, sql: sql, arguments: [prefix])
      return Dictionary(rows.map { ($0[0] as String, $0[1] as String) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// How many actions of each stage have a record.
  package func actionCounts() throws -> [String: Int] {
    try read { database in
      let rows = try Row.fetchAll(database, sql: "SELECT stage, count(*) FROM action GROUP BY stage")
      return Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }, uniquingKeysWith: +)
    }
  }

  /// A digest of what the store is known to have lost: another one means that a plan could differ.
  package func lossDigest() throws -> Digest {
    try read { database in
      let hasher = DigestBuilder()
      for data in try Data.fetchAll(database, sql: "SELECT digest FROM lost ORDER BY digest") {
        hasher.update(Array(data))
      }
      return hasher.finish()
    }
  }

  /// Nil removes it.
  package func set(note key: String, _ text: String?) throws {
    try write { database in
      if let text {
        try database.execute(sql: "INSERT OR REPLACE INTO note VALUES (?, ?)", arguments: [key, text])
      } else {
        try database.execute(sql: "DELETE FROM note WHERE key = ?", arguments: [key])
      }
    }
  }
}
