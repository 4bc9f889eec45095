// The catalog's data about directories of shards, and about files before they become clips.

import Basics
import Foundation
import GRDB

extension Catalog {
  /// The inputs of a directory of shards, as stored with `set(shardSet:for:)`; nil if nothing was stored.
  package func shardSet(for directory: String) throws -> String? {
    try read {
      try String.fetchOne($0, sql: "SELECT detail FROM shard_set WHERE directory = ?", arguments: [directory])
    }
  }

  package func set(shardSet detail: String, for directory: String) throws {
    if try shardSet(for: directory) == detail { return }
    try write {
      try $0.execute(sql: "INSERT OR REPLACE INTO shard_set VALUES (?, ?)", arguments: [directory, detail])
    }
  }

  /// The lengths of files in seconds, by key; below 0 for a file without a length.
  package func fileLengths() throws -> [Digest: Double] {
    try read { database in
      var lengths: [Digest: Double] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT key, seconds FROM file_length") {
        if let key = Digest(bytes: row[0] as Data) { lengths[key] = row[1] }
      }
      return lengths
    }
  }

  package func add(fileLengths lengths: [Digest: Double]) throws {
    if lengths.isEmpty { return }
    try write { database in
      let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO file_length VALUES (?, ?)")
      for (key, seconds) in lengths { try set.execute(arguments: [Data(key.bytes), seconds]) }
    }
  }
}
