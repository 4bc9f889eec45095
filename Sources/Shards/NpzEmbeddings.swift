// numpy's zips: `<id>.npz` with the rows under a usual name, or one file with a member for each clip id.

import Basics
import Corpus
import Tensors

enum NpzEmbeddings: EmbeddingFormat {
  static let name = "npz"
  static let extensions = ["npz"]

  /// What people call the rows of one clip; the first that is there wins. Other members (times, scores) stay unread.
  static let usualNames = ["features", "feature", "emb", "embeddings", "embedding", "arr_0"]

  /// A file with a usual name, or with one member only, is one clip's, named by the file; else each member is a clip's.
  static func list(_ path: String) throws -> EmbeddingListing {
    let file = try MappedFile(path)
    let zip = try StoredZipReader(file.bytes, source: path)
    var members: [(name: String, entry: StoredZipReader.Entry)] = []
    for entry in zip.entries where entry.name.hasSuffix(".npy") {
      members.append((Files.name(String(entry.name.dropLast(4))), entry))
    }
    withExtendedLifetime(file) {}
    guard !members.isEmpty else { throw Failure.npzEmpty(path, zip.entries.map(\.name)) }
    let usual = usualNames.lazy.compactMap { name in members.first { $0.name == name } }.first
    if let one = usual ?? (members.count == 1 ? members[0] : nil) {
      return EmbeddingListing(blocks: [block(ClipID.stem(ofFile: Files.name(path)), one.entry)])
    }
    return EmbeddingListing(blocks: members.map { block($0.name, $0.entry) })
  }

  private static func block(_ key: String, _ entry: StoredZipReader.Entry) -> EmbeddingListing.Block {
    .init(key: key, member: entry.name, offset: entry.place, size: entry.size)
  }

  static func read(_ location: EmbeddingLocation) throws -> Tensor {
    try NumpyFile.read(ZipMember.bytes(of: location.path, at: location.offset), source: location.place)
  }
}
