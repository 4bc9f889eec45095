// A safetensors file with one tensor a clip, named by its id.

import Basics
import Tensors

enum SafetensorsEmbeddings: EmbeddingFormat {
  static let name = "safetensors"
  static let extensions = ["safetensors"]

  static func list(_ path: String) throws -> EmbeddingListing {
    let file = try MappedFile(path)
    let header = try SafetensorsHeader(file.bytes, source: path)
    return EmbeddingListing(
      blocks: header.entries.map {
        .init(
          key: $0.name, member: $0.name, offset: $0.range.lowerBound, size: $0.range.count,
          layout: EmbeddingLayout(type: $0.type, shape: $0.shape))
      },
      description: .metadata(header.metadata))
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    guard let layout = location.layout else { throw Failure.embeddingsNone([location.place]) }
    let bytes = try InputFile(location.path).read(at: location.offset, count: location.size ?? 0)
    return try Tensor(shape: layout.shape, type: layout.type, bytes: bytes, source: location.place)
  }
}
