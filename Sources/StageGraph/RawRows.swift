// Rows as raw bytes from SQLite. A prepare begins by reading tables of hundreds of thousands of rows, and wrapping each
// column in an object would take longer than reading it.

import GRDB
import GRDBSQLite

/// The current row of a statement. Its bytes are valid until the next row.
struct RawRow {
  fileprivate let statement: OpaquePointer

  /// A column's bytes; empty for NULL.
  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    // The order matters: asking for the bytes may move them; asking for their number does not.
    let start = sqlite3_column_blob(statement, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
  }
}

extension Database {
  /// Calls `body` with each row of a query, in order. `body` must not use the database.
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
