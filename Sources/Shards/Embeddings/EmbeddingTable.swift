// Rows of many clips in one table, which may be spread over several files: where row r is, and which rows belong to a
// clip.

import Basics
import Tensors

/// One table: one or more files of rows with the same width and type, in order.
final class EmbeddingTable: Sendable, Equatable {
  struct Part: Sendable, Equatable {
    let path: String
    /// The offset of its first row, in bytes.
    let offset: Int
    let rowCount: Int
    let isBigEndian: Bool
  }

  let parts: [Part]
  let type: ElementType
  let width: Int
  /// The number of rows before each part.
  private let starts: [Int]
  let rowCount: Int

  init(_ parts: [Part], type: ElementType, width: Int) {
    (self.parts, self.type, self.width) = (parts, type, width)
    var (starts, count) = ([Int](), 0)
    for part in parts {
      starts.append(count)
      count += part.rowCount
    }
    (self.starts, rowCount) = (starts, count)
  }

  static func == (a: EmbeddingTable, b: EmbeddingTable) -> Bool {
    a.parts == b.parts && a.type == b.type && a.width == b.width
  }

  /// `[rows.count, width]` in the requested order; adjacent rows are read together.
  func read(_ rows: [Int], source: String) throws -> Tensor {
    let rowBytes = width * type.byteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * rowBytes)
    var k = 0
    while k < rows.count {
      guard let index = starts.lastIndex(where: { $0 <= rows[k] }) else { throw Failure.tableRow(source, rows[k]) }
      let (part, first) = (parts[index], rows[k] - starts[index])
      var count = 1
      while k + count < rows.count, rows[k + count] == rows[k] + count, first + count < part.rowCount { count += 1 }
      guard first + count <= part.rowCount else { throw Failure.tableRow(source, rows[k]) }
      var run = try InputFile(part.path).read(at: part.offset + first * rowBytes, count: count * rowBytes)
      if part.isBigEndian { NumpyFile.swapBytes(&run, width: type.byteCount) }
      bytes += run
      k += count
    }
    return try Tensor(shape: [rows.count, width], type: type, bytes: bytes, source: source)
  }
}

extension EmbeddingTable.Part {
  /// Enough for the header of any table.
  private static let headerBytes = 4096

  /// The rows of a `.npy` file `[rows, width]`; only its header is read.
  static func of(npy path: String) throws -> (EmbeddingTable.Part, ElementType, width: Int) {
    let size = try Files.identity(path).size
    let start = try InputFile(path).read(at: 0, count: min(size, headerBytes))
    let header = try start.withUnsafeBytes { try NumpyHeader($0, source: path) }
    guard header.shape.count == 2, header.shape[1] > 0 else { throw Failure.embeddingShape(path, header.shape) }
    guard header.type.isFloating else { throw Failure.embeddingType(path, header.type) }
    guard !header.isFortranOrder || header.shape[0] <= 1 else { throw Failure.tableOrder(path) }
    guard header.dataCount <= size - header.dataOffset else {
      throw Failure.tableShort(path, found: size - header.dataOffset, expected: header.dataCount)
    }
    let part = EmbeddingTable.Part(
      path: path, offset: header.dataOffset, rowCount: header.shape[0], isBigEndian: header.isBigEndian)
    return (part, header.type, header.shape[1])
  }
}

/// Assigns the rows of a table to clips.
enum EmbeddingTableKeys {
  private static let longestList = 1 << 30

  /// The keys in a list with one line per row; empty lines at its end do not count.
  /// - Parameter key: returns the key of a line without its line end; nil if it has none.
  /// - Throws: `Failure` with the number of a line without a key.
  static func lines(_ list: String, _ key: (ArraySlice<UInt8>) -> String?) throws -> [String] {
    let text = try Files.read(list, limit: longestList)
    var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return try lines.enumerated().map { index, line in
      guard let key = key(line.last == 0x0D ? line.dropLast() : line), !key.isEmpty else {
        throw Failure.tableKey(list, line: index + 1)
      }
      return key
    }
  }

  /// Rows with the same key belong to one clip, in order. A key `<id>_<frame>` is a frame of `<id>`; frames are sorted
  /// by number.
  ///
  /// Ids may end in digits too (`X_000010`), so a key can have both meanings. It counts as an id if no other key
  /// differs from it in the number alone, or if the number has the six digits of a start second. It counts as a frame
  /// if there are others, or if its number is 0 or 1. If both apply, the rows are stored under both keys: clips look
  /// them up by their ids.
  static func blocks(_ keys: [String]) -> [(key: String, rows: [Int])] {
    var whole: [ByteKey: [Int]] = [:]
    var frames: [ByteKey: [(number: Int, row: Int)]] = [:]
    for (row, key) in keys.enumerated() {
      whole[ByteKey(key), default: []].append(row)
      if let (id, number) = frame(key) { frames[ByteKey(id), default: []].append((number, row)) }
    }
    var blocks: [(key: String, rows: [Int])] = []
    for (key, rows) in whole.map({ ($0.text, $1) }) {
      if let (id, _) = frame(key), let group = frames[ByteKey(id)] {
        let isAlone = Set(group.map(\.number)).count == 1
        guard isAlone || key.utf8.count - id.utf8.count == 7 else { continue }
      }
      blocks.append((key, rows))
    }
    for (id, group) in frames where whole[id] == nil {
      guard Set(group.map(\.number)).count > 1 || group[0].number <= 1 else { continue }
      blocks.append((id.text, group.sorted { ($0.number, $0.row) < ($1.number, $1.row) }.map(\.row)))
    }
    return blocks.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  /// `X_12` is frame 12 of X.
  static func frame(_ key: String) -> (id: String, number: Int)? {
    guard let dash = key.utf8.lastIndex(of: UInt8(ascii: "_")), dash != key.utf8.startIndex else { return nil }
    let digits = key.utf8[key.utf8.index(after: dash)...]
    guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return (String(key[..<dash]), digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
  }
}
