// A safetensors file with one tensor a clip, named by its id; or with one table `embeddings` `[N, width]`, whose rows the
// metadata names: `keys` (or `ids`), a JSON list of N texts.

import Basics
import Tensors

enum SafetensorsEmbeddings: EmbeddingFormat {
  static let name = "safetensors"
  static let extensions = ["safetensors"]
  static let tableName = "embeddings"
  static let keyNames = ["keys", "ids"]

  static func list(_ path: String) throws -> EmbeddingListing {
    let file = try MappedFile(path)
    let header = try SafetensorsHeader(file.bytes, source: path)
    withExtendedLifetime(file) {}
    let description = EmbeddingDescription.metadata(header.metadata)
    if let table = header.entries.first(where: { $0.name == tableName }) {
      if let keys = keyNames.lazy.compactMap({ header.metadata[$0] }).first {
        return EmbeddingListing(blocks: try rows(of: table, keys: keys, path), description: description)
      }
      if header.entries.count == 1 { throw Failure.tableNames(path) }
    }
    return EmbeddingListing(
      blocks: header.entries.map {
        .init(
          key: $0.name, member: $0.name, offset: $0.range.lowerBound, size: $0.range.count,
          layout: EmbeddingLayout(type: $0.type, shape: $0.shape))
      },
      description: description)
  }

  private static func rows(
    of entry: SafetensorsHeader.Entry, keys text: String, _ path: String
  ) throws -> [EmbeddingListing.Block] {
    guard entry.shape.count == 2, entry.shape[1] > 0 else { throw Failure.embeddingShape(path, entry.shape) }
    guard entry.type.isFloating else { throw Failure.embeddingType(path, entry.type) }
    let keys = try CanonicalJSON.decode([String].self, from: Array(text.utf8), source: "\(path), metadata keys")
    guard keys.count == entry.shape[0] else { throw Failure.tableKeys(path, found: keys.count, rows: entry.shape[0]) }
    let part = EmbeddingTable.Part(
      path: path, offset: entry.range.lowerBound, rowCount: entry.shape[0], isBigEndian: false)
    let table = EmbeddingTable([part], type: entry.type, width: entry.shape[1])
    return EmbeddingTableKeys.blocks(keys).map {
      .init(key: $0.key, member: tableName, rows: .init(table: table, rows: $0.rows))
    }
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    if let rows = location.rowsOfTable { return try rows.table.read(rows.rows, source: location.place) }
    guard let layout = location.layout else { throw Failure.embeddingsNone([location.place]) }
    let bytes = try InputFile(location.path).read(at: location.offset, count: location.size ?? 0)
    return try Tensor(shape: layout.shape, type: layout.type, bytes: bytes, source: location.place)
  }
}
