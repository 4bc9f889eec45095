// The ledger's tables in the catalog, and the history of selected subjects.

import Basics
import Foundation
import GRDB

extension Catalog {
  /// Every subject that has a record. Empty if stored outputs are missing, so that every action is compared.
  package func ledger() throws -> SubjectLedger {
    if try !digestsOutsideSegments().isEmpty { return SubjectLedger() }
    return try read { database in
      var ledger = SubjectLedger()
      try database.forEachRow("SELECT name, settled FROM subject") { row in ledger.add(row.bytes(0), row.bytes(1)) }
      ledger.buildIndex()
      return ledger
    }
  }

  /// Records subjects whose actions are all up to date and final, in one transaction. Their entries for other stages
  /// stay: no record has changed since.
  package func settle(_ subjects: [SettledSubject]) throws {
    if subjects.isEmpty { return }
    try write { database in
      let get = try database.cachedStatement(sql: "SELECT settled FROM subject WHERE name = ?")
      let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO subject VALUES (?, ?)")
      for subject in subjects {
        let before = try Data.fetchOne(get, arguments: [subject.name]) ?? Data()
        let settled = Data(subject.key.bytes + subject.outputs.bytes) + before.prefix(SubjectLedger.longestBefore)
        try set.execute(arguments: [subject.name, settled])
      }
    }
  }

  /// Removes the entries of these subjects, because their records change or were removed.
  static func unsettle(_ subjects: Set<String>, _ database: Database) throws {
    let set = try database.cachedStatement(sql: "INSERT OR REPLACE INTO subject VALUES (?, x'')")
    for subject in subjects.sorted() { try set.execute(arguments: [subject]) }
  }

  static func unsettleAll(_ database: Database) throws { try database.execute(sql: "UPDATE subject SET settled = x''") }
}

extension ArtifactStore {
  /// The history of some subjects, and of the ledger's subjects that are not in `all`, because a result for one subject
  /// can be used for another with the same inputs. Loads everything if that is faster.
  /// - Parameter all: the subjects of the whole graph, including `subjects`.
  package func history(
    of subjects: [String], among all: some Collection<String>, _ ledger: SubjectLedger, stages: [Stage]
  ) throws -> History {
    if subjects.isEmpty { return try catalog.history(of: [], stages: [], source: self) }
    let wanted = subjects + ledger.others(than: all)
    return wanted.count * 8 > ledger.count
      ? try history() : try catalog.history(of: wanted, stages: stages.map(\.name), source: self)
  }
}
