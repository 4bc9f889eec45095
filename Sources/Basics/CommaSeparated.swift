/// Comma-separated text as in RFC 4180: quoted fields may contain commas, quotes (doubled) and line ends.
///
/// Lines end with LF, CR LF or CR. There are three extensions to the RFC: blanks around a quoted field are skipped
/// (AudioSet writes `x, 30.000, "/m/09x0r,/t/dd00"`), a quote inside an unquoted field is an ordinary character
/// (`12" record`), and a byte order mark at the start is skipped.
package enum CommaSeparated {
  package struct Record: Sendable, Equatable {
    package var fields: [String]
    /// The number of its first line, from 1.
    package var line: Int

    package init(_ fields: [String], line: Int) { (self.fields, self.line) = (fields, line) }

    /// Whether the line is empty.
    package var isEmpty: Bool { fields == [""] }
  }

  /// - Parameter source: the file's name, for messages.
  /// - Throws: `csv.encoding` for text that is not UTF-8; `csv.quote` with the line, for a quote that is not closed or
  ///   is followed by text.
  package static func records(_ bytes: [UInt8], source: String) throws -> [Record] {
    let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    let text = hasMark ? Array(bytes.dropFirst(3)) : bytes
    guard String(validating: text, as: UTF8.self) != nil else {
      throw Failure("csv.encoding", "the file is not UTF-8", on: source)
    }
    var reader = Reader(bytes: text, source: source)
    return try reader.records()
  }

  private struct Reader {
    let bytes: [UInt8]
    let source: String
    var at = 0
    var line = 1

    init(bytes: [UInt8], source: String) { (self.bytes, self.source) = (bytes, source) }

    mutating func records() throws -> [Record] {
      var records: [Record] = []
      while at < bytes.count {
        var record = Record([], line: line)
        repeat { record.fields.append(try field()) } while take(.comma)
        endLine()
        records.append(record)
      }
      return records
    }

    /// Reads up to a comma, a line end or the end of the text, which is not consumed.
    private mutating func field() throws -> String {
      var start = at
      while start < bytes.count, bytes[start] == .space || bytes[start] == .tab { start += 1 }
      if start < bytes.count, bytes[start] == .quote {
        at = start
        return try quoted()
      }
      start = at
      while !isAtEndOfField { at += 1 }
      return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func quoted() throws -> String {
      let opened = line
      at += 1
      var field: [UInt8] = []
      while true {
        guard at < bytes.count else { throw quote("a quote is not closed", opened) }
        let byte = bytes[at]
        if byte == .quote {
          at += 1
          guard take(.quote) else { break }
        } else {
          if byte == .lineFeed || (byte == .carriageReturn && !(at + 1 < bytes.count && bytes[at + 1] == .lineFeed)) {
            line += 1
          }
          at += 1
        }
        field.append(byte)
      }
      while take(.space) || take(.tab) {}
      guard isAtEndOfField else { throw quote("text follows a closing quote", line) }
      return String(decoding: field, as: UTF8.self)
    }

    private var isAtEndOfField: Bool {
      at == bytes.count || bytes[at] == .comma || bytes[at] == .lineFeed || bytes[at] == .carriageReturn
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard at < bytes.count, bytes[at] == byte else { return false }
      at += 1
      return true
    }

    private mutating func endLine() {
      let isReturn = take(.carriageReturn)
      if take(.lineFeed) || isReturn { line += 1 }
    }

    private func quote(_ what: String, _ line: Int) -> Failure {
      Failure(
        "csv.quote", what, on: "\(source), line \(line)",
        hint: "a field in quotes doubles the quotes inside it: \"a 12\"\" record\"")
    }
  }
}

extension UInt8 {
  fileprivate static let (quote, comma, space, tab) = (0x22 as UInt8, 0x2C as UInt8, 0x20 as UInt8, 0x09 as UInt8)
  fileprivate static let (lineFeed, carriageReturn) = (0x0A as UInt8, 0x0D as UInt8)
}
