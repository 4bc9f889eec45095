// The parts of a table that `embed --part` writes: `NAME-00003-of-00008.npy` of rows `[N, width]`, and which row is
// whose in `NAME-00003-of-00008.keys.txt` beside it, `<id>` or `<id>_<frame>` a line.

import Basics
import Tensors

enum NumpyTables: ReadableEmbeddings {
  static let name = "npy parts"
  static let extensions = ["npy"]

  static func reads(_ path: String) -> Bool {
    // Asked of every name in a folder: few have to be taken apart.
    guard hasEnding(path), path.contains("-of-"), EmbeddingPart(name: Files.name(path)) != nil else { return false }
    return Files.exists(keyList(path))
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
