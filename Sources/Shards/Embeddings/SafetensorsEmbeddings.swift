// A safetensors file with one tensor per clip, named by its id; or with one table `embeddings` `[N, width]`, whose rows
// are named in the metadata: `keys` (or `ids`), a JSON list of N texts.

import Basics
import Tensors

enum SafetensorsEmbeddings: ReadableEmbeddings {
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

extension SafetensorsEmbeddings: WritableEmbeddings {
  /// Windows: one tensor `[windows, width]` per item. Whole items: one table `embeddings`, and `keys` in the metadata.
  static func write(_ embeddings: EmbeddingSet, to path: String) throws {
    var metadata = try embeddings.metadata()
    let entries: [(name: String, type: ElementType, shape: [Int])]
    if embeddings.times == nil {
      metadata[keyNames[0]] = try CanonicalJSON.text(embeddings.items.map(\.key))
      entries = [(tableName, .float32, [embeddings.rows, embeddings.width])]
    } else {
      entries = embeddings.items.map { ($0.key, .float32, embeddings.shape($0)) }
    }
    let file = try OutputFile(path)
    try file.write(try SafetensorsFile.header(of: entries, metadata: metadata))
    for item in embeddings.items { try embeddings.values(item.key).withUnsafeBytes { try file.write(raw: $0) } }
    try file.commit()
  }
}

extension SafetensorsEmbeddings: NamedTables {
  private static let rowNames = ["names", "labels"]

  /// The rows' names are a JSON list `names` (or `labels`) in the metadata.
  static func table(_ path: String, called names: [String]) throws -> NamedTable {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    let header = try SafetensorsHeader(file.bytes, source: path)
    let named = names.lazy.compactMap { name in header.entries.first { $0.name == name } }.first
    guard let entry = named ?? (header.entries.count == 1 ? header.entries[0] : nil) else {
      throw Failure.tableMissing(path, names[0], found: header.entries.map { "\($0.name) \($0.shape)" })
    }
    let rowNames = try rowNames.lazy.compactMap { header.metadata[$0] }.first.map {
      try CanonicalJSON.decode([String].self, from: Array($0.utf8), source: "\(path), names")
    }
    return NamedTable(
      rows: SafetensorsFile.tensor(entry, of: file.bytes), names: rowNames, metadata: header.metadata)
  }
}
