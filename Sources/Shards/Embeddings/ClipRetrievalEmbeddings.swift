// clip-retrieval's tables: `img_emb_0.npy`, `img_emb_1.npy`, … with rows `[N, width]`. A parquet file, which is not
// read here, names the image of each row; instead, a list of keys beside the table is used. All partitions of a
// directory form one table, because clip-retrieval distributes neighboring images over different partitions.

import Basics
import Corpus
import Tensors

enum ClipRetrievalEmbeddings: ReadableEmbeddings {
  static let name = "clip-retrieval"
  static let extensions = ["npy"]

  /// Accepts `img_emb_12.npy`, and `text_emb_12.npy`, whose rows are not images and are ignored.
  static func reads(_ path: String) -> Bool {
    // This is called for every name in a directory, so it creates strings for few of them.
    let start = path.utf8.lastIndex(of: 0x2F).map(path.utf8.index(after:)) ?? path.startIndex
    let name = path.utf8[start...]
    guard name.starts(with: "img_emb_".utf8) || name.starts(with: "text_emb_".utf8) else { return false }
    return number(path, "img_emb_") != nil || number(path, "text_emb_") != nil
  }

  /// The digits in a partition's name.
  private static func number(_ path: String, _ prefix: String) -> String? {
    let name = Files.name(path)
    guard name.hasPrefix(prefix), name.hasSuffix(".npy") else { return nil }
    let digits = name.dropFirst(prefix.count).dropLast(4)
    guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return String(digits)
  }

  /// The first partition lists the rows of all partitions; the others list nothing.
  static func list(_ path: String) throws -> EmbeddingListing {
    guard number(path, "img_emb_") != nil else { return EmbeddingListing(blocks: []) }
    let directory = Files.parent(path)
    let names = try Files.names(in: directory).filter { number($0, "img_emb_") != nil }
    let order = names.sorted {
      (Int(number($0, "img_emb_") ?? "") ?? 0, $0) < (Int(number($1, "img_emb_") ?? "") ?? 0, $1)
    }
    guard names.first == Files.name(path) else { return EmbeddingListing(blocks: []) }
    var (parts, keys) = ([EmbeddingTable.Part](), [String]())
    var kind: (type: ElementType, width: Int)?
    for name in order {
      let (part, type, width) = try EmbeddingTable.Part.of(npy: "\(directory)/\(name)")
      if let kind, kind != (type, width) {
        throw Failure.tablePartition(
          "\(directory)/\(name)", "\(type.rawValue) [, \(width)]", "\(kind.type.rawValue) [, \(kind.width)]")
      }
      kind = (type, width)
      let list = try keyList(part.path)
      guard list.count == part.rowCount else {
        throw Failure.tableKeys(part.path, found: list.count, rows: part.rowCount)
      }
      parts.append(part)
      keys += list
    }
    guard let kind else { return EmbeddingListing(blocks: []) }
    let table = EmbeddingTable(parts, type: kind.type, width: kind.width)
    return EmbeddingListing(
      blocks: EmbeddingTableKeys.blocks(keys).map { .init(key: $0.key, rows: .init(table: table, rows: $0.rows)) })
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    guard let rows = location.rowsOfTable else { throw Failure.embeddingsNone([location.place]) }
    return try rows.table.read(rows.rows, source: location.place)
  }

  // MARK: Keys

  /// The possible paths of the keys of `img_emb_0.npy`.
  static func keyListPaths(_ path: String) -> [String] {
    let (directory, stem) = (Files.parent(path), String(Files.name(path).dropLast(4)))
    let digits = number(path, "img_emb_") ?? ""
    let beside = ["keys.txt", "keys.jsonl", "jsonl"].map { "\(directory)/\(stem).\($0)" }
    let inDirectories = ["\(directory)/keys", "\(directory)/../keys", "\(directory)/../metadata"].flatMap { place in
      [stem, "keys_\(digits)", "metadata_\(digits)"].flatMap { ["\(place)/\($0).txt", "\(place)/\($0).jsonl"] }
    }
    return beside + inDirectories
  }

  /// The possible paths of key lists beside a table, or beside a directory of tables.
  static func keyListPlaces(_ path: String) -> [String] {
    Files.isDirectory(path) ? ["keys", "metadata"].map { "\(Files.parent(path))/\($0)" } : keyListPaths(path)
  }

  private static func keyList(_ path: String) throws -> [String] {
    guard let list = keyListPaths(path).first(where: Files.exists) else { throw Failure.tableKeysMissing(path) }
    return try EmbeddingTableKeys.lines(list) { line in
      let key = list.hasSuffix(".jsonl") ? Self.key(json: Array(line)) : String(validating: line, as: UTF8.self)
      return key.flatMap { $0.isEmpty ? nil : stem($0) }
    }
  }

  private struct Row: Decodable {
    var key: String?
    var id: String?
    var imagePath: String?

    enum CodingKeys: String, CodingKey {
      case key, id
      case imagePath = "image_path"
    }
  }

  private static func key(json line: [UInt8]) -> String? {
    if let row = try? CanonicalJSON.decode(Row.self, from: line, source: "") {
      return row.key ?? row.id ?? row.imagePath
    }
    return try? CanonicalJSON.decode(String.self, from: line, source: "")
  }

  /// Keys are often paths of images: removes the directory and the extension.
  private static func stem(_ key: String) -> String {
    let name = Files.name(key)
    let ending = [".jpg", ".jpeg", ".png", ".webp"].first { name.lowercased().hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0))
  }
}
