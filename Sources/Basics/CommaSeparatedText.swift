/// Writes comma-separated text that spreadsheets, pandas and duckdb read with types: RFC 4180 with LF line ends. A
/// missing value is an empty field.
package struct CommaSeparatedText: Sendable {
  package private(set) var bytes: [UInt8] = []
  private let columns: Int

  /// Writes the heading.
  package init(columns: [String]) {
    self.columns = columns.count
    add(columns)
  }

  /// Adds a line. Fields beyond the heading's columns are dropped; missing ones are empty.
  package mutating func add(_ fields: [String?]) {
    for column in 0..<columns {
      if column > 0 { bytes.append(UInt8(ascii: ",")) }
      if column < fields.count, let field = fields[column] { add(field) }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func add(_ field: String) {
    let needsQuotes = field.utf8.contains { Self.special.contains($0) }
    guard needsQuotes else {
      bytes.append(contentsOf: field.utf8)
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in field.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static let special = Array(",\"\r\n ".utf8)
}
