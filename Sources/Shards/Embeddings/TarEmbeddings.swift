// WebDataset tars with a `<key>.npy` in each sample: clip-video-encode's `*_clip_embeddings.tar` and similar files.

import Basics
import Corpus
import Tar
import Tensors

enum TarEmbeddings: ReadableEmbeddings {
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

extension TarEmbeddings: WritableEmbeddings {
  private struct Record: Encodable {
    var id: String
    var seconds: Double
    var hop: Double?
  }

  /// Writes a WebDataset with keys without dots (`ClipID.key`): for each item, `<key>.json` with its own key and the
  /// audio's length, and `<key>.npy`.
  /// - Throws: `tar.longname` for a key of more than 95 bytes.
  static func write(_ embeddings: EmbeddingSet, to path: String) throws {
    let tar = try TarWriter(path)
    for item in embeddings.items {
      let record = Record(id: item.key, seconds: item.seconds, hop: embeddings.times.map { $0(1) })
      let array = try NumpyFile.bytes(of: try embeddings.tensor(item))
      let key = ClipID.escaped(item.key)
      _ = try tar.add("\(key).json", try CanonicalJSON.bytes(record) + [0x0A])
      _ = try tar.add("\(key).npy", array)
    }
    _ = try tar.finish()
  }
}

extension TarEmbeddings: InspectableFile {
  static func contents(_ path: String) throws -> FileContents {
    let samples = try TarSample.group(TarFile.members(path), path: path)
    return FileContents(
      entries: samples.flatMap { sample in
        sample.members.map { ending, member in
          .init(name: "\(sample.key).\(ending)", kind: "\(member.size) bytes", shape: "at \(member.offset)")
        }
      }, properties: [("samples", "\(samples.count)")])
  }
}
