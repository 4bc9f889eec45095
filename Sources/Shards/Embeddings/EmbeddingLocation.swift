// The position of a clip's rows, as listed by a format; no rows have been read yet.

import Basics
import Tensors

package struct EmbeddingListing: Sendable {
  package struct Block: Sendable {
    package let key: String
    package var member: String = ""
    package var offset: Int = 0
    package var size: Int?
    /// The element layout, if the file's own header states it.
    package var layout: EmbeddingLayout?
    /// The rows of a table; nil if the block is contiguous.
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

/// The facts about some blocks, stored once for all of them.
final class SharedDescription: Sendable {
  let description: EmbeddingDescription
  init(_ description: EmbeddingDescription) { self.description = description }
}

/// The position of one block of rows, which has not been read yet.
package struct EmbeddingLocation: Sendable {
  package let path: String
  /// The name within the file; empty if the file is the block.
  package let member: String
  package let offset: Int
  /// Nil until read.
  package let size: Int?
  package let layout: EmbeddingLayout?
  /// Shared by all places with the same facts.
  let told: SharedDescription
  let rowsOfTable: EmbeddingRows?
  let format: any ReadableEmbeddings.Type

  package var description: EmbeddingDescription { told.description }

  /// For messages: `shard.tar, member id.npy at 1536`.
  package var place: String {
    if let row = rowsOfTable?.rows.first { return "\(path), row \(row)" }
    return member.isEmpty ? path : "\(path), member \(member) at \(offset)"
  }

  /// The name of the block within its file: while the file is unchanged, so are its rows. Nil for rows of a table,
  /// which also depend on its list of keys and may be in several files.
  package var part: String? {
    guard rowsOfTable == nil else { return nil }
    return member.isEmpty && offset == 0 ? "rows @0" : "rows \(member)@\(offset)"
  }

  /// Rows of teacher embeddings, `[rows, width]`, float16, bfloat16, float32 or float64; one embedding is one row.
  /// - Throws: `embedding.shape`, `embedding.empty`, `embedding.type`, and what the format throws.
  package func rows() throws -> Tensor {
    let tensor = try format.read(self)
    guard tensor.type.isFloating else { throw Failure.embeddingType(place, tensor.type) }
    guard tensor.shape.count == 1 || tensor.shape.count == 2 else { throw Failure.embeddingShape(place, tensor.shape) }
    guard tensor.elementCount > 0 else { throw Failure.embeddingEmpty(place, tensor.shape) }
    return tensor.shape.count == 1 ? try tensor.reshaped([1, tensor.shape[0]]) : tensor
  }

  /// The digest of the rows themselves, which does not depend on how and where they are stored.
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
