// WebDataset tars with a `<key>.npy` in each sample: clip-video-encode's `*_clip_embeddings.tar` and its relatives.

import Basics
import Tensors

enum TarEmbeddings: EmbeddingFormat {
  static let name = "WebDataset tar"
  static let extensions = ["tar"]

  static func list(_ path: String) throws -> EmbeddingListing {
    let samples = try TarSample.group(TarFile.members(path), path: path)
    return EmbeddingListing(
      blocks: samples.compactMap { sample in
        sample["npy"].map { .init(key: Files.name(sample.key), member: $0.name, offset: $0.offset, size: $0.size) }
      })
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    let bytes = try InputFile(location.path).read(at: location.offset, count: location.size ?? 0)
    return try NumpyFile.read(bytes, source: location.place)
  }
}
