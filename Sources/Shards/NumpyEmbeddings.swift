// One `<id>.npy` a clip, as the Wav2CLIP reference and clip-video-encode's files format have it.

import Basics
import Corpus
import Tensors

enum NumpyEmbeddings: EmbeddingFormat {
  static let name = "npy"
  static let extensions = ["npy"]

  static func list(_ path: String) throws -> EmbeddingListing {
    EmbeddingListing(blocks: [.init(key: ClipID.stem(ofFile: Files.name(path)))])
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    try NumpyFile.read(Files.read(location.path), source: location.path)
  }
}
