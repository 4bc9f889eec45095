// A kind of file that holds teacher vectors. To add one: a new file with a type that conforms, and a line in
// `BuiltInEmbeddingFormats`.

import Basics
import Tensors

package protocol EmbeddingFormat: Sendable {
  static var name: String { get }
  /// File name endings, lower case, without the dot.
  static var extensions: [String] { get }
  /// Whether a file is of this format, by its name. The first format in the list that says so takes it.
  static func reads(_ path: String) -> Bool

  /// The blocks of rows in a file, by key, and what the file itself says of them. No rows are read.
  /// - Throws: a `Failure`: the file is then refused whole.
  static func list(_ path: String) throws -> EmbeddingListing

  /// The rows at a place that `list` gave, in any shape and type.
  static func read(_ location: EmbeddingLocation) throws -> Tensor
}

extension EmbeddingFormat {
  package static func reads(_ path: String) -> Bool {
    extensions.contains { hasEnding(path, $0) }
  }

  /// Whether what follows the last dot of a name is `ending`, in letters of either case. Makes no strings: a folder holds hundreds of
  /// thousands of names.
  private static func hasEnding(_ path: String, _ ending: String) -> Bool {
    let (path, ending) = (path.utf8, ending.utf8)
    guard path.count > ending.count,
      let dot = path.index(path.endIndex, offsetBy: -ending.count - 1, limitedBy: path.startIndex),
      path[dot] == 0x2E
    else { return false }
    return zip(path[path.index(after: dot)...], ending).allSatisfy { byte, wanted in
      (0x41...0x5A).contains(byte) ? byte + 0x20 == wanted : byte == wanted
    }
  }
}

/// Every format there is. A new one is one line here.
package let BuiltInEmbeddingFormats: [any EmbeddingFormat.Type] = [
  ClipRetrievalEmbeddings.self,
  NumpyEmbeddings.self,
  NpzEmbeddings.self,
  TarEmbeddings.self,
  SafetensorsEmbeddings.self,
]

package struct EmbeddingListing: Sendable {
  package struct Block: Sendable {
    package let key: String
    package var member: String = ""
    package var offset: Int = 0
    package var size: Int?
    /// What the bytes are, where the file's own header has said it.
    package var layout: EmbeddingLayout?
    /// Rows of a table; nil where the block lies in one piece.
    var rows: EmbeddingRows?
  }
  package var blocks: [Block]
  package var description = EmbeddingDescription()
}

package struct EmbeddingLayout: Sendable {
  package let type: ElementType
  package let shape: [Int]
}

/// Some rows of a table.
struct EmbeddingRows: Sendable {
  let table: EmbeddingTable
  let rows: [Int]
}

/// What is known of some blocks, once for all of them.
final class SharedDescription: Sendable {
  let description: EmbeddingDescription
  init(_ description: EmbeddingDescription) { self.description = description }
}

/// One block of rows: where it is. Nothing of it has been read.
package struct EmbeddingLocation: Sendable {
  package let path: String
  /// The name within the file; empty where the file is the block.
  package let member: String
  package let offset: Int
  /// Nil until read.
  package let size: Int?
  package let layout: EmbeddingLayout?
  /// Shared by all places of which the same is known.
  let told: SharedDescription
  let rowsOfTable: EmbeddingRows?
  let format: any EmbeddingFormat.Type

  package var description: EmbeddingDescription { told.description }

  /// For messages: `shard.tar, member id.npy at 1536`.
  package var place: String {
    if let row = rowsOfTable?.rows.first { return "\(path), row \(row)" }
    return member.isEmpty ? path : "\(path), member \(member) at \(offset)"
  }

  /// What names the block within its file: as long as the file is the same, so are its rows. Nil for rows of a table, which also
  /// depend on its list of keys and may lie in several files.
  package var part: String? {
    guard rowsOfTable == nil else { return nil }
    return member.isEmpty && offset == 0 ? "rows @0" : "rows \(member)@\(offset)"
  }

  /// Rows of teacher vectors, `[rows, width]`, float16, bfloat16, float32 or float64; one vector is one row.
  /// - Throws: `embedding.shape`, `embedding.empty`, `embedding.type`, and what the format throws.
  package func rows() throws -> Tensor {
    let tensor = try format.read(self)
    guard tensor.type.isFloating else { throw Failure.embeddingType(place, tensor.type) }
    guard tensor.shape.count == 1 || tensor.shape.count == 2 else { throw Failure.embeddingShape(place, tensor.shape) }
    guard tensor.elementCount > 0 else { throw Failure.embeddingEmpty(place, tensor.shape) }
    return tensor.shape.count == 1 ? try tensor.reshaped([1, tensor.shape[0]]) : tensor
  }

  /// The digest of the rows themselves: the same wherever and however they are packed.
  package func contentDigest() throws -> Digest { Self.digest(of: try rows()) }

  /// SHA-256 of the type, the shape and the little-endian elements.
  package static func digest(of rows: Tensor) -> Digest {
    let hasher = DigestBuilder()
    hasher.update(field: rows.type.rawValue)
    hasher.update(field: rows.shape.map(String.init).joined(separator: "x"))
    hasher.update(rows.bytes)
    return hasher.finish()
  }
}
