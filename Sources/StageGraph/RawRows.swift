// Rows as bytes where SQLite has them. Tables of hundreds of thousands of rows are read whole as a prepare begins:
// wrapping each column in an object takes longer than reading it.

import GRDB
import GRDBSQLite

/// The row that a statement stands at. Its bytes are valid until the next one.
struct RawRow {
  fileprivate let statement: OpaquePointer

  /// A column's bytes; none for NULL.
  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    // In this order: asking for the bytes may move them, asking for their number does not.
    let start = sqlite3_column_blob(statement, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
  }
}

extension Database {
  /// Calls `body` with each row of a query, in its order. `body` makes no use of the database.
  /// - Throws: what `body` throws, and `DatabaseError`.
  func forEachRow(_ sql: String, arguments: StatementArguments = [], _ body: (RawRow) throws -> Void) throws {
    let statement = try makeStatement(sql: sql)
    try statement.setArguments(arguments)
    let row = RawRow(statement: statement.sqliteStatement)
    defer { sqlite3_reset(statement.sqliteStatement) }
    while true {
      let code = sqlite3_step(statement.sqliteStatement)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else {
        throw DatabaseError(
          resultCode: ResultCode(rawValue: code), message: sqliteConnection.map { String(cString: sqlite3_errmsg($0)) })
      }
      try body(row)
    }
  }
}
