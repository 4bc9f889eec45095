import Basics
import Models
import Shards

/// Embeddings of audio clips, from a file of `pipeline embed --windows` or any other file that holds rows by id.
package struct CaptionEmbeddings: Sendable {
  /// In byte order.
  package let keys: [String]
  /// The rows of each key, one after another, `[rows, width]`.
  package let rows: [[Float]]
  package let width: Int
  /// Keys of audio clips without a row, because they are shorter than a second.
  package let empty: [String]

  /// - Throws: `caption.embeddings` for rows that cannot be used; errors of the format.
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

  /// The clips that have at least one caption, with their captions.
  /// - Parameter captions: captions by key.
  package func joined(_ captions: [String: [String]]) -> (embeddings: CaptionEmbeddings, references: [[String]]) {
    let chosen = keys.indices.filter { !(captions[keys[$0]] ?? []).isEmpty }
    return (
      CaptionEmbeddings(keys: chosen.map { keys[$0] }, rows: chosen.map { rows[$0] }, width: width),
      chosen.map { captions[keys[$0]] ?? [] }
    )
  }
}
