// The store's tables in the catalog: places of bytes, lost artifacts, and the one transaction that commits results.

import Basics
import Foundation
import GRDB

/// A result to be committed to the catalog.
struct CommitRecord: Sendable {
  var stage: String
  var subject: String
  var body: RecordBody
  /// The record that it replaces, if any.
  var replaced: RecordBody?
  var payloads: [(digest: Digest, bytes: [UInt8])]
}

extension Catalog {
  func location(_ digest: Digest) throws -> ArtifactLocation? {
    try readOne { try Self.location(digest, $0) }
  }

  /// The digests among `digests` that are not stored yet.
  func absent(_ digests: [Digest]) throws -> Set<Digest> {
    try read { database in try Set(digests.filter { try Self.location($0, database) == nil }) }
  }

  private static func location(_ digest: Digest, _ database: Database) throws -> ArtifactLocation? {
    let statement = try database.cachedStatement(sql: "SELECT segment, offset, length FROM artifact WHERE digest = ?")
    return try Row.fetchOne(statement, arguments: [digest.data])
      .map { ArtifactLocation(digest: digest, segment: $0[0], offset: $0[1], length: $0[2]) }
  }

  /// The places of all artifacts, in file order.
  func locations() throws -> [ArtifactLocation] {
    try read { database in
      var result: [ArtifactLocation] = []
      let sql = "SELECT digest, segment, offset, length FROM artifact ORDER BY segment, offset"
      let rows = try Row.fetchCursor(database, sql: sql)
      while let row = try rows.next() {
        guard let digest = Digest(bytes: row[0] as Data) else { continue }
        result.append(ArtifactLocation(digest: digest, segment: row[1], offset: row[2], length: row[3]))
      }
      return result
    }
  }

  /// The number of bytes in all segments.
  package func storedBytes() throws -> Int { try segments().values.reduce(0, +) }

  /// The lost artifacts that a current record still refers to.
  package func lostArtifacts() throws -> [Failure] {
    let history = try history(source: nil)
    if history.lost.isEmpty { return [] }
    var named: [Digest: String] = [:]
    for record in history.records {
      for output in record.outputs where history.lost[output.artifact.digest] != nil {
        named[output.artifact.digest] =
          "\(output.name) of \(history.configurations[record.configuration]?.name ?? "") \(record.subject)"
      }
    }
    return named.sorted { $0.value < $1.value }.map {
      Failure.artifactLost($0.value, $0.key, isCorrupt: history.lost[$0.key] == .corrupt)
    }
  }

  /// The committed length of each segment.
  func segments() throws -> [Int: Int] {
    try read { database in
      let rows = try Row.fetchAll(database, sql: "SELECT number, length FROM segment")
      return Dictionary(rows.map { ($0[0] as Int, $0[1] as Int) }, uniquingKeysWith: max)
    }
  }

  /// Artifacts whose segment file is missing or too short to hold them: one `stat` per segment, not per artifact.
  func digestsOutsideSegments() throws -> [Digest] {
    var digests: [Digest] = []
    for (number, length) in try segments().sorted(by: { $0.key < $1.key }) {
      let path = ArtifactStore.path(workspace, segment: number)
      let size = (try? Files.identity(path).size) ?? 0
      if size >= length { continue }
      digests += try read { database in
        let sql = "SELECT digest FROM artifact WHERE segment = ? AND offset + length + ? > ?"
        return try Data.fetchAll(database, sql: sql, arguments: [number, SegmentRecord.headerSize, size])
          .compactMap { Digest(bytes: $0) }
      }
    }
    return digests
  }

  /// Marks artifacts as lost; the next plan takes this into account.
  func lose(_ digests: [Digest], _ loss: History.Loss) throws {
    if digests.isEmpty { return }
    try write { database in
      for digest in digests {
        try database.execute(sql: "DELETE FROM artifact WHERE digest = ?", arguments: [digest.data])
        try database.execute(sql: "INSERT OR REPLACE INTO lost VALUES (?, ?)", arguments: [digest.data, loss.rawValue])
      }
      // Planning all subjects finds the affected actions.
      try Self.unsettleAll(database)
    }
  }

  /// Records the actual lengths of files as committed.
  func set(segments lengths: [Int: Int?]) throws {
    if lengths.isEmpty { return }
    try write { database in
      for (number, length) in lengths {
        if let length {
          try database.execute(sql: "INSERT OR REPLACE INTO segment VALUES (?, ?)", arguments: [number, length])
        } else {
          try database.execute(sql: "DELETE FROM segment WHERE number = ?", arguments: [number])
        }
      }
    }
  }

  /// Commits results in one transaction. Their bytes must be synced.
  func commit(_ records: [CommitRecord], _ locations: [ArtifactLocation], segments: [Int: Int]) throws {
    try write { database in
      let artifact = try database.cachedStatement(sql: "INSERT OR REPLACE INTO artifact VALUES (?, ?, ?, ?)")
      let found = try database.cachedStatement(sql: "DELETE FROM lost WHERE digest = ?")
      for at in locations {
        try artifact.execute(arguments: [at.digest.data, at.segment, at.offset, at.length])
        try found.execute(arguments: [at.digest.data])
      }
      for (number, length) in segments {
        try database.execute(sql: "INSERT OR REPLACE INTO segment VALUES (?, ?)", arguments: [number, length])
      }
      let action = try database.cachedStatement(sql: "INSERT OR REPLACE INTO action VALUES (?, ?, ?)")
      let memo = try database.cachedStatement(sql: "INSERT OR REPLACE INTO memo VALUES (?, ?, ?)")
      let generation = try Self.generation(database)
      try Self.unsettle(Set(records.map(\.subject)), database)
      for record in records {
        try action.execute(arguments: [record.stage, record.subject, Data(record.body.bytes)])
        // An older result can still be found by its fingerprint, so that going back to earlier parameters costs
        // nothing.
        guard let old = record.replaced, old.isFinal, old.fingerprint != record.body.fingerprint else { continue }
        try memo.execute(arguments: [old.fingerprint.data, Data(old.bytes), generation])
      }
    }
  }
}
