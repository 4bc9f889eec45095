// One `<id>.npy` per clip, as in the Wav2CLIP reference and in clip-video-encode's files format.

import Basics
import Corpus
import Foundation
import Tensors

enum NumpyEmbeddings: ReadableEmbeddings {
  static let name = "npy"
  static let extensions = ["npy"]

  static func list(_ path: String) throws -> EmbeddingListing {
    EmbeddingListing(blocks: [.init(key: ClipID.stem(ofFile: Files.name(path)))])
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    try NumpyFile.read(Files.read(location.path), source: location.path)
  }
}

extension NumpyEmbeddings: WritableEmbeddings {
  /// Writes one table `[rows, width]`, and beside it `<name>.keys.txt` with one line per row, `<key>` or
  /// `<key>_<window>`.
  static func write(_ embeddings: EmbeddingSet, to path: String) throws {
    let keys = try OutputFile(String(path.dropLast(name.count)) + "keys.txt")
    let file = try OutputFile(path)
    try file.write(try NumpyFile.header(shape: [embeddings.rows, embeddings.width], type: .float32))
    for item in embeddings.items {
      try embeddings.values(item.key).withUnsafeBytes { try file.write(raw: $0) }
      for row in 0..<item.rows {
        try keys.write(embeddings.times == nil ? "\(item.key)\n" : "\(item.key)_\(threeDigits(row))\n")
      }
    }
    try keys.commit()
    try file.commit()
  }
}

extension NumpyEmbeddings: NamedTables {
  private static let longestNameList = 1 << 26

  /// The names are beside it: in `<stem>.json` or `<stem>.names.json` as a JSON list, or in `<stem>.keys.txt` (as
  /// written by `embed`) or `<stem>.txt` with one name per line.
  static func table(_ path: String, called names: [String]) throws -> NamedTable {
    NamedTable(
      rows: try NumpyFile.read(try Files.read(path), source: path), names: try self.names(beside: path), metadata: [:])
  }

  private static func names(beside path: String) throws -> [String]? {
    let stem = "\(Files.parent(path))/\(Files.name(path).dropLast(4))"
    for list in ["\(stem).json", "\(stem).names.json"] where Files.exists(list) {
      return try CanonicalJSON.decode([String].self, from: try Files.read(list, limit: longestNameList), source: list)
    }
    guard let list = ["\(stem).keys.txt", "\(stem).txt"].first(where: Files.exists) else { return nil }
    let text = String(decoding: try Files.read(list, limit: longestNameList), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
  }
}

extension NumpyEmbeddings: InspectableFile {
  static func contents(_ path: String) throws -> FileContents {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    let header = try NumpyHeader(file.bytes, source: path)
    var contents = FileContents(entries: [.init(Files.name(path), header)])
    let there = file.bytes.count - header.dataOffset
    if there < header.dataCount {
      contents.properties = [("cut off", "\(there) of \(header.dataCount) bytes of elements")]
    }
    return contents
  }
}
