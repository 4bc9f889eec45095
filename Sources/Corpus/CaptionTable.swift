import Basics

/// Sentences that say what is heard, by clip.
///
/// Read from whatever a `Manifest` is read from: AudioCaps' table (`audiocap_id, youtube_id, start_time, caption`, a
/// row for each caption), Clotho's (`file_name, caption_1 … caption_5`), a manifest with a column `caption`, or JSON
/// lines with `id` and `caption` or `captions`, as `pipeline caption` writes them.
package struct CaptionTable: Sendable {
  package struct Row: Sendable, Equatable {
    /// As prepare names the clip: `X_000020` where the table has a start in seconds, else the id, or the file's name
    /// without its ending.
    package var id: String
    /// Nil where the table has no splits.
    package var split: Split?
    /// In the table's order, none of them blank; empty where the row has none.
    package var captions: [String]
    /// Where the table first names the clip, from 1.
    package var line: Int
  }

  package let path: String
  /// Of the table's bytes.
  package let digest: Digest
  /// Each clip once, in the order in which the table first names them.
  package let rows: [Row]
  /// Places in `rows` by all names under which a clip is found.
  private let places: [ByteKey: Int]

  /// - Parameter path: CSV or JSON lines.
  /// - Throws: `captions.none` for a table without a caption; `manifest.row` with the line for a row that cannot be
  ///   read, `csv.encoding` for text that is not UTF-8, and what else reading a manifest throws.
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
    // A clip's own name goes before the other names of another.
    for (place, row) in manifest.rows.enumerated() {
      for name in row.otherNames where places[ByteKey(name)] == nil { places[ByteKey(name)] = place }
    }
    self.places = places
  }

  /// The row of a clip, by its id or by the name of its file without ending: also `X_20000_30000` for `X_000020`, and a
  /// name that lost its leading dash.
  package func row(_ id: String) -> Row? { places[ByteKey(id)].map { rows[$0] } }

  /// The captions of a clip; none where the table does not name it.
  package func captions(of id: String) -> [String] { row(id)?.captions ?? [] }
}
