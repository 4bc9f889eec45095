import Basics

/// A list of clips given by the user: CSV as published with VGGSound, AudioSet and AudioCaps, or JSON lines.
package struct Manifest: Sendable {
  package struct Row: Sendable, Equatable {
    /// The clip's id. An id that cannot name a sample in a shard is `id.invalid`, as for a file.
    package var clip: String
    /// The start of the clip in a whole video, in milliseconds.
    package var startMilliseconds: Int
    package var label: String?
    package var split: Split?
    package var captions: [String]
    /// The end of the clip in the video, in seconds, if the list gives it.
    package var end: Double?
    package var line: Int
    /// The video's id without the start.
    package var video: String
  }

  /// The content of a row, before it is checked.
  struct Entry {
    var id = ""
    var start: Double?
    var end: Double?
    var duration: Double?
    var label: String?
    var split: String?
    var captions: [String] = []
    /// The exact fields of a row with captions, to detect when the same row is repeated.
    var source: [String] = []
  }

  /// The longest caption in bytes: more than ten thousand words.
  private static let longestCaption = 1 << 17

  package var path: String
  /// The digest of its bytes, computed while reading: a pipe can be read only once.
  package let digest: Digest
  package var rows: [Row]
  /// Whether the list gives splits; they are then used unchanged.
  package var hasSplits: Bool

  /// - Parameter clipSeconds: the length of a clip, which is part of the name of a clip that begins at a fraction of a
  ///   second.
  /// - Throws: `Failure` with the line, for a row that cannot be read or an id that is repeated with other values.
  package init(path: String, clipSeconds: Int = ClipLength.usual) throws {
    self.path = path
    let bytes = try Files.readStream(path, limit: 1 << 30)
    digest = Digest(of: bytes)
    if path.hasSuffix(".parquet") || bytes.starts(with: Array("PAR1".utf8)) { throw Failure.manifestParquet(path) }
    let isJSON = path.hasSuffix(".jsonl") || path.hasSuffix(".json") || path.hasSuffix(".ndjson")
    let entries = isJSON ? try Self.jsonLines(bytes, path) : try Self.table(bytes, path)
    rows = try entries.map { try Self.row($0.entry, path, $0.line, clipSeconds) }
    hasSplits = rows.contains { $0.split != nil }
    var places: [ByteKey: Int] = [:]
    var distinct: [Row] = []
    var captioned: Set<[String]> = []
    for (row, source) in zip(rows, entries.map(\.entry.source)) {
      let isNew = source.isEmpty || captioned.insert(source).inserted
      guard let place = places[ByteKey(row.clip)] else {
        places[ByteKey(row.clip)] = distinct.count
        distinct.append(row)
        continue
      }
      let other = distinct[place]
      guard other.label == row.label, other.split == row.split else {
        throw Self.invalid(
          path, row.line, "the id \(row.clip) stands in line \(other.line) with another label or split")
      }
      // AudioCaps has one row per caption of a clip; two people may have written the same caption.
      if isNew { distinct[place].captions += row.captions }
    }
    rows = distinct
  }

  private struct JSONRow: Decodable {
    var id: String
    var start: Double?
    var end: Double?
    var duration: Double?
    var label: String?
    var split: String?
    var caption: String?
    var captions: [String]?
  }

  private static func jsonLines(_ bytes: [UInt8], _ path: String) throws -> [(entry: Entry, line: Int)] {
    // A byte order mark, as written by spreadsheets, is not part of the first row.
    let text = bytes.dropFirst(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    return try text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
      let value = try CanonicalJSON.decode(JSONRow.self, from: Array(line), source: "\(path), line \(index + 1)")
      let captions = ((value.caption.map { [$0] } ?? []) + (value.captions ?? [])).filter { !$0.trimmingBlanks.isEmpty }
      let entry = Entry(
        id: value.id, start: value.start, end: value.end, duration: value.duration, label: value.label,
        split: value.split, captions: captions,
        source: captions.isEmpty ? [] : [String(decoding: line, as: UTF8.self)])
      return (entry, index + 1)
    }
  }

  private static func row(_ entry: Entry, _ path: String, _ line: Int, _ clipSeconds: Int) throws -> Row {
    var milliseconds: Int?
    if let start = entry.start {
      guard (0..<1_000_000).contains(start) else {
        throw invalid(path, line, "start \(start)", expected: "0 to 999999 seconds")
      }
      milliseconds = Int((start * 1000).rounded())
    }
    var place: Split?
    if let split = entry.split, !split.isEmpty {
      guard let known = Split(manifest: split) else {
        throw invalid(path, line, "split \(split)", expected: "train, validation or test")
      }
      place = known
    }
    guard !entry.id.isEmpty else { throw invalid(path, line, "the id is empty") }
    if let long = entry.captions.first(where: { $0.utf8.count > longestCaption }) {
      throw invalid(
        path, line, "a caption of \(long.utf8.count) bytes", expected: "at most \(longestCaption) bytes")
    }
    return Row(
      clip: milliseconds.map { name(entry.id, $0, clipSeconds) } ?? entry.id, startMilliseconds: milliseconds ?? 0,
      label: entry.label.flatMap { $0.isEmpty ? nil : $0 }, split: place, captions: entry.captions,
      end: entry.end ?? entry.duration.map { (entry.start ?? 0) + $0 }, line: line, video: entry.id)
  }

  /// `X_000020` for a clip that begins at a whole second, else `X_20500_30500`.
  private static func name(_ video: String, _ milliseconds: Int, _ clipSeconds: Int) -> String {
    milliseconds % 1000 == 0
      ? ClipID.text(video, second: milliseconds / 1000)
      : "\(video)_\(milliseconds)_\(milliseconds + 1000 * clipSeconds)"
  }

  static func invalid(_ path: String, _ line: Int, _ found: String, expected: String? = nil) -> Failure {
    Failure(
      "manifest.row", "the manifest has a row that cannot be used", on: "\(path), line \(line)", found: found,
      expected: expected)
  }
}
