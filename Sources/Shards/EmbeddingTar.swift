import Basics

/// Embeddings as a WebDataset: `<key>.json` and `<key>.npy` for each. Same contents, same bytes.
package final class EmbeddingTar {
  private let tar: TarWriter

  package init(_ path: String) throws { tar = try TarWriter(path) }

  /// - Throws: `tar.longname` for a key of over 95 bytes.
  package func add(_ key: String, record: [UInt8], array: [UInt8]) throws {
    _ = try tar.add("\(key).json", record)
    _ = try tar.add("\(key).npy", array)
  }

  package func finish() throws { _ = try tar.finish() }
}
