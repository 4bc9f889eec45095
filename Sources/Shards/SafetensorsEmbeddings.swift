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
        .init(key: $0.name, member: $0.name, offset: $0.range.lowerBound, size: $0.range.count)
      },
      description: .metadata(header.metadata))
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    let file = try MappedFile(location.path)
    let header = try SafetensorsHeader(file.bytes, source: location.path)
    guard let entry = header.entries.first(where: { $0.name == location.member && $0.range.lowerBound == location.offset })
    else { throw Failure.embeddingsNone([location.place]) }
    return SafetensorsFile.tensor(entry, of: file.bytes)
  }
}
