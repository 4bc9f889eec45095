import Basics

/// Captions that describe the audio, by clip.
///
/// Reads everything that a `Manifest` can be read from: the AudioCaps table
/// (`audiocap_id, youtube_id, start_time, caption`, one row per caption), the Clotho table
/// (`file_name, caption_1 … caption_5`), a manifest with a column `caption`, or JSON lines with `id` and `caption` or
/// `captions`, as `pipeline caption` writes them.
package struct CaptionTable: Sendable {
  package struct Row: Sendable, Equatable {
    /// The clip's name as in prepare: `X_000020` if the table has a start in seconds, else the id, or the file name
    /// without its extension.
    package var id: String
    /// Nil if the table has no splits.
    package var split: Split?
    /// In the table's order, none of them blank; empty if the row has none.
    package var captions: [String]
    /// The line where the table first names the clip, from 1.
    package var line: Int
  }

  package let path: String
  /// The digest of the table's bytes.
  package let digest: Digest
  /// Each clip once, in order of first appearance in the table.
  package let rows: [Row]
  /// Indices in `rows`, by every name under which a clip can be found.
  private let places: [ByteKey: Int]

  /// - Parameter path: CSV or JSON lines.
  /// - Throws: `captions.none` for a table without captions; `manifest.row` with the line for a row that cannot be
  ///   read; `csv.encoding` for text that is not UTF-8; other failures of reading a manifest.
  package init(path: String) throws {
    self.init(try Manifest(path: path))
    if rows.allSatisfy(\.captions.isEmpty) { throw Failure.noCaptionColumn(path) }
  }

  /// The captions of a manifest; there may be none.
  package init(_ manifest: Manifest) {
    (path, digest) = (manifest.path, manifest.digest)
    rows = manifest.rows.map { Row(id: $0.clip, split: $0.split, captions: $0.captions, line: $0.line) }
    var places: [ByteKey: Int] = [:]
    for (place, row) in manifest.rows.enumerated() { places[ByteKey(row.clip)] = place }
    // A clip's own name takes precedence over another clip's other names.
    for (place, row) in manifest.rows.enumerated() {
      for name in row.otherNames where places[ByteKey(name)] == nil { places[ByteKey(name)] = place }
    }
    self.places = places
  }

  /// The row of a clip, found by its id or its file name without the extension. `X_20000_30000` also finds `X_000020`,
  /// and a name without its leading dash is found too.
  package func row(_ id: String) -> Row? { places[ByteKey(id)].map { rows[$0] } }

  /// The captions of a clip; empty if the table does not name it.
  package func captions(of id: String) -> [String] { row(id)?.captions ?? [] }
}
