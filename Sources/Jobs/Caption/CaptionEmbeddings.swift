import Basics
import Models
import Shards

/// Audio clips' embeddings, of a file that `pipeline embed --windows` wrote, or of any other that holds rows by id.
package struct CaptionEmbeddings: Sendable {
  /// In byte order.
  package let keys: [String]
  /// Of each key its rows, one behind another, `[rows, width]`.
  package let rows: [[Float]]
  package let width: Int
  /// Audio clips without a row: shorter than a second.
  package let empty: [String]

  /// - Throws: `caption.vectors` for rows that cannot be used; what the format throws.
  package init(_ path: String) throws {
    let index = try EmbeddingIndex(paths: [path])
    if let refused = index.refused.first { throw refused }
    var (keys, empty, rows, width) = ([String](), [String](), [[Float]](), 0)
    for key in index.keys {
      guard let location = index.locations(forKey: key).first else { continue }
      let tensor = try location.rows()
      let values = try tensor.floats()
      let own = tensor.shape.last ?? 0
      if values.isEmpty {
        empty.append(key)
        continue
      }
      guard own > 0, width == 0 || own == width else {
        throw Failure.captionEmbeddings(path, key, "rows of \(own) numbers, others of \(width)")
      }
      guard values.allSatisfy(\.isFinite) else { throw Failure.captionEmbeddings(path, key, "NaN or infinity") }
      width = own
      keys.append(key)
      rows.append(values)
    }
    (self.keys, self.rows, self.width, self.empty) = (keys, rows, width, empty)
  }

  package init(keys: [String], rows: [[Float]], width: Int) {
    (self.keys, self.rows, self.width, empty) = (keys, rows, width, [])
  }

  /// Those that have a sentence.
  /// - Parameter captions: by key.
  package func joined(_ captions: [String: [String]]) -> (embeddings: CaptionEmbeddings, references: [[String]]) {
    let chosen = keys.indices.filter { !(captions[keys[$0]] ?? []).isEmpty }
    return (
      CaptionEmbeddings(keys: chosen.map { keys[$0] }, rows: chosen.map { rows[$0] }, width: width),
      chosen.map { captions[keys[$0]] ?? [] }
    )
  }
}
