// Loads the history of completed actions. A build with nothing to do over 200,000 items reads 600,000 records here: one
// SELECT of one column, whose rows are copied into a page and not decoded.

import Basics
import Foundation
import GRDB

extension Catalog {
  /// The complete history. The outputs of its records are read from `source`.
  func history(source: (any ArtifactSource)?) throws -> History {
    try history(source) { try Self.records($0, path: Self.path(workspace)) }
  }

  /// The history of these subjects in these stages, and everything else that a plan needs.
  func history(of subjects: [String], stages: [String], source: (any ArtifactSource)?) throws -> History {
    try history(source) { try Self.records($0, of: subjects, stages: stages, path: Self.path(workspace)) }
  }

  private func history(
    _ source: (any ArtifactSource)?, _ records: (Database) throws -> [RecordBody]
  ) throws -> History {
    var history = History()
    history.source = source
    let hasMemo = try read { database in
      history.records = try records(database)
      history.configurations = try Self.configurations(database)
      history.lost = try Self.losses(database)
      return try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM memo)") ?? false
    }
    for digest in try digestsOutsideSegments() { history.lost[digest] = .missing }
    if hasMemo { history.memo = { [self] in try rememberedRecord($0) } }
    return history
  }

  private static let pageSize = 4 << 20

  private static func records(_ database: Database, path: String) throws -> [RecordBody] {
    var records: [RecordBody] = []
    var page = BytePage(capacity: pageSize)
    try database.forEachRow("SELECT body FROM action") { row in
      let bytes = row.bytes(0)
      guard RecordBody.isWhole(bytes) else { throw Failure.damagedRecord(path, "of \(bytes.count) bytes") }
      if page.capacity - page.used < bytes.count { page = BytePage(capacity: max(pageSize, bytes.count)) }
      records.append(RecordBody(page: page, start: page.used, count: Int32(bytes.count)))
      page.append(bytes)
    }
    return records
  }

  private static func records(
    _ database: Database, of subjects: [String], stages: [String], path: String
  ) throws -> [RecordBody] {
    var records: [RecordBody] = []
    let statement = try database.cachedStatement(sql: "SELECT body FROM action WHERE stage = ? AND subject = ?")
    for stage in stages {
      for subject in subjects {
        guard let data = try Data.fetchOne(statement, arguments: [stage, subject]) else { continue }
        let bytes = Array(data)
        guard bytes.withUnsafeBytes(RecordBody.isWhole) else {
          throw Failure.damagedRecord(path, "of \(stage) \(subject)")
        }
        records.append(RecordBody(page: BytePage(bytes), start: 0, count: Int32(bytes.count)))
      }
    }
    return records
  }

  private static func configurations(_ database: Database) throws -> [Int: Stage] {
    var result: [Int: Stage] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT id, stage, text FROM configuration") {
      let text: String = row["text"]
      result[row["id"]] = try StageText(text).stage(named: row["stage"])
    }
    return result
  }

  private static func losses(_ database: Database) throws -> [Digest: History.Loss] {
    var result: [Digest: History.Loss] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT digest, loss FROM lost") {
      guard let digest = Digest(bytes: row["digest"] as Data) else { continue }
      result[digest] = History.Loss(rawValue: row["loss"]) ?? .missing
    }
    return result
  }

  private func rememberedRecord(_ fingerprint: Digest) throws -> RecordBody? {
    try readOne { database in
      let statement = try database.cachedStatement(sql: "SELECT body FROM memo WHERE fingerprint = ?")
      guard let data = try Data.fetchOne(statement, arguments: [fingerprint.data]) else { return nil }
      let bytes = Array(data)
      guard bytes.withUnsafeBytes(RecordBody.isWhole) else {
        throw Failure.damagedRecord(Self.path(workspace), "in memo")
      }
      return RecordBody(page: BytePage(bytes), start: 0, count: Int32(bytes.count))
    }
  }

  /// The row of a stage in its current form; created if there is none.
  func configuration(of stage: Stage) throws -> Int {
    let text = try StageText(stage).text
    return try write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO configuration (stage, text) VALUES (?, ?)", arguments: [stage.name, text])
      let id = try Int.fetchOne(
        database, sql: "SELECT id FROM configuration WHERE stage = ? AND text = ?", arguments: [stage.name, text])
      return id ?? 0
    }
  }
}

/// A stage without its name, in the catalog's format.
private struct StageText: Codable {
  var version: Int
  var parameters: [String: String]
  var toolchain: [String: String]

  init(_ stage: Stage) { (version, parameters, toolchain) = (stage.version, stage.parameters, stage.toolchain) }

  init(_ text: String) throws {
    self = try CanonicalJSON.decode(
      StageText.self, from: Array(text.utf8), source: "catalog.sqlite, table configuration")
  }

  var text: String { get throws { try CanonicalJSON.text(self) } }

  func stage(named name: String) -> Stage {
    Stage(name: name, version: version, parameters: parameters, toolchain: toolchain)
  }
}

extension Digest {
  var data: Data { Data(bytes) }
}
