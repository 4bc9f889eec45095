// Looks up single records by their action.

import Basics
import Foundation
import GRDB

extension ArtifactStore {
  /// The record of an action when it last ran; nil if it never ran.
  package func record(of id: ActionID) throws -> ActionRecord? {
    try catalog.body(of: id).map { ActionRecord(id: id, body: $0, source: self) }
  }
}

extension Catalog {
  fileprivate func body(of id: ActionID) throws -> RecordBody? {
    try readOne { database in
      let statement = try database.cachedStatement(sql: "SELECT body FROM action WHERE stage = ? AND subject = ?")
      guard let data = try Data.fetchOne(statement, arguments: [id.stage, id.subject]) else { return nil }
      let bytes = Array(data)
      guard bytes.withUnsafeBytes(RecordBody.isWhole) else {
        throw Failure.damagedRecord(Self.path(workspace), "of \(id.stage) \(id.subject)")
      }
      return RecordBody(page: BytePage(bytes), start: 0, count: Int32(bytes.count))
    }
  }
}
