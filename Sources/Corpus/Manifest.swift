import Basics

/// The list of clips that a user names: CSV as VGGSound publishes it (id, start second, label, split), or JSONL with
/// the same keys.
package struct Manifest: Sendable {
  package struct Row: Sendable, Equatable {
    /// The clip's id; one that cannot name a sample in a shard is `id.invalid`, as a file's is.
    package var clip: String
    /// Where the clip begins in a whole video, in seconds.
    package var startSeconds: Int
    package var label: String?
    package var split: Split?
    package var line: Int
    /// The video's id without the start.
    package var video: String
  }

  package var path: String
  package var rows: [Row]
  /// Whether splits are given; then they are taken as they are.
  package var hasSplits: Bool

  /// - Throws: `Failure` with the line for a row that cannot be read, or an id that stands twice with other values.
  package init(path: String) throws {
    self.path = path
    let bytes = try Files.read(path, limit: 1 << 30)
    // A byte order mark, as spreadsheets write it, is no part of the first id.
    let marked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    guard let text = String(validating: bytes.dropFirst(marked ? 3 : 0), as: UTF8.self) else {
      throw Failure("manifest.encoding", "the manifest is not UTF-8", on: path)
    }
    rows =
      path.hasSuffix(".jsonl") || path.hasSuffix(".json")
      ? try Self.jsonLines(text, path) : try Self.commaSeparated(text, path)
    hasSplits = rows.contains { $0.split != nil }
    var seen: [String: Row] = [:]
    rows = try rows.filter { row in
      guard let other = seen.updateValue(row, forKey: row.clip) else { return true }
      guard other.label == row.label, other.split == row.split else {
        throw Self.invalid(
          path, row.line, "the id \(row.clip) stands in line \(other.line) with another label or split")
      }
      return false
    }
  }

  private static func commaSeparated(_ text: String, _ path: String) throws -> [Row] {
    var rows: [Row] = []
    for (index, fields) in CommaSeparated.records(text).enumerated() {
      if fields.count == 1, fields[0].isEmpty { continue }
      let line = index + 1
      if line == 1, isHeading(fields) { continue }
      if fields.count <= 2, let (video, start) = split(fileName: fields[0]) {
        rows.append(try row(video, start, fields.count > 1 ? fields[1] : nil, nil, path, line))
        continue
      }
      guard fields.count >= 2, let start = Int(fields[1]) else {
        throw invalid(
          path, line, fields.joined(separator: ","), expected: "id,start,label,split, with the start in whole seconds")
      }
      rows.append(
        try row(fields[0], start, fields.count > 2 ? fields[2] : nil, fields.count > 3 ? fields[3] : nil, path, line))
    }
    return rows
  }

  /// A first row that names the columns. The name of a clip may hold "id" too.
  private static func isHeading(_ fields: [String]) -> Bool {
    fields.count > 1 && Int(fields[1]) == nil && fields[0].lowercased().contains("id")
      && split(fileName: fields[0]) == nil
  }

  /// `<id>_<six digits>.mp4`, as VGGSound's test list names clips.
  private static func split(fileName: String) -> (String, Int)? {
    let stem = ClipID.stem(ofFile: fileName)
    guard let underscore = stem.lastIndex(of: "_") else { return nil }
    let digits = stem[stem.index(after: underscore)...]
    guard digits.count == 6, let start = Int(digits) else { return nil }
    return (String(stem[..<underscore]), start)
  }

  private struct JSONRow: Decodable {
    var id: String
    var start: Int?
    var label: String?
    var split: String?
  }

  private static func jsonLines(_ text: String, _ path: String) throws -> [Row] {
    // Line ends of either kind: in a text CR LF is one character, so the bytes are split.
    try text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
      let value = try CanonicalJSON.decode(JSONRow.self, from: Array(line), source: "\(path), line \(index + 1)")
      return try row(value.id, value.start, value.label, value.split, path, index + 1)
    }
  }

  private static func row(
    _ video: String, _ start: Int?, _ label: String?, _ split: String?, _ path: String, _ line: Int
  ) throws -> Row {
    if let start, !(0...999_999).contains(start) {
      throw invalid(path, line, "start \(start)", expected: "0 to 999999")
    }
    var place: Split?
    if let split, !split.isEmpty {
      guard let known = Split(manifest: split) else {
        throw invalid(path, line, "split \(split)", expected: "train, validation or test")
      }
      place = known
    }
    let text = start.map { "\(video)_\(sixDigits($0))" } ?? video
    guard !video.isEmpty else { throw invalid(path, line, "the id is empty") }
    return Row(
      clip: text, startSeconds: start ?? 0, label: label.flatMap { $0.isEmpty ? nil : $0 }, split: place, line: line,
      video: video)
  }

  package static func sixDigits(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 6 - text.count)) + text
  }

  private static func invalid(_ path: String, _ line: Int, _ found: String, expected: String? = nil) -> Failure {
    Failure(
      "manifest.row", "the manifest has a row that cannot be used", on: "\(path), line \(line)", found: found,
      expected: expected)
  }
}

/// RFC 4180: fields in quotes may hold commas, quotes (doubled) and line ends.
package enum CommaSeparated {
  /// A record a line; fields as they stand.
  package static func records(_ text: String) -> [[String]] {
    var (records, fields, field, quoted) = ([[String]](), [String](), [UInt8](), false)
    let bytes = Array(text.utf8)
    func endField() {
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll()
    }
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      if quoted {
        if byte == 0x22, i + 1 < bytes.count, bytes[i + 1] == 0x22 {
          field.append(0x22)
          i += 1
        } else if byte == 0x22 {
          quoted = false
        } else {
          field.append(byte)
        }
      } else {
        switch byte {
        case 0x22: quoted = true
        case 0x2C: endField()
        case 0x0D: break
        case 0x0A:
          endField()
          records.append(fields)
          fields.removeAll()
        default: field.append(byte)
        }
      }
      i += 1
    }
    if !field.isEmpty || !fields.isEmpty {
      endField()
      records.append(fields)
    }
    return records
  }
}
