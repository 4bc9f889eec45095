// Tables written by `embed`: `NAME.npy` with rows `[N, width]`, and beside it `NAME.keys.txt`, which names each row
// with one line, `<id>` or `<id>_<frame>`. The parts of `embed --part` are such tables.

import Basics
import Tensors

enum NumpyTables: ReadableEmbeddings {
  static let name = "npy tables"
  static let extensions = ["npy"]

  static func reads(_ path: String) -> Bool {
    hasEnding(path) && Files.exists(keyList(path))
  }

  static func list(_ path: String) throws -> EmbeddingListing {
    let (part, type, width) = try EmbeddingTable.Part.of(npy: path)
    let keys = try EmbeddingTableKeys.lines(keyList(path)) { String(validating: $0, as: UTF8.self) }
    guard keys.count == part.rowCount else { throw Failure.tableKeys(path, found: keys.count, rows: part.rowCount) }
    let table = EmbeddingTable([part], type: type, width: width)
    return EmbeddingListing(
      blocks: EmbeddingTableKeys.blocks(keys).map { .init(key: $0.key, rows: .init(table: table, rows: $0.rows)) })
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    guard let rows = location.rowsOfTable else { throw Failure.embeddingsNone([location.place]) }
    return try rows.table.read(rows.rows, source: location.place)
  }

  private static func keyList(_ path: String) -> String { path.dropLast(3) + "keys.txt" }
}
