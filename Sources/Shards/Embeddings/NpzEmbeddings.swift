// numpy's zip files: `<id>.npz` with the rows under a usual name, or one file with a member for each clip id.

import Basics
import Corpus
import Tensors

enum NpzEmbeddings: ReadableEmbeddings {
  static let name = "npz"
  static let extensions = ["npz"]

  /// Common names for the rows of one clip; the first that exists is used. Other members (times, scores) are not read.
  static let usualNames = ["features", "feature", "emb", "embeddings", "embedding", "arr_0"]

  /// A file with a usual name, or with a single member, belongs to one clip and is named by the file; else each member
  /// belongs to a clip. In a part of a set, each member always belongs to a clip.
  static func list(_ path: String) throws -> EmbeddingListing {
    let file = try MappedFile(path)
    let zip = try StoredZipReader(file.bytes, source: path)
    var members: [(name: String, entry: StoredZipReader.Entry)] = []
    for entry in zip.entries where entry.name.hasSuffix(".npy") {
      members.append((Files.name(String(entry.name.dropLast(4))), entry))
    }
    withExtendedLifetime(file) {}
    if EmbeddingPart(name: Files.name(path)) != nil {
      return EmbeddingListing(blocks: members.map { block($0.name, $0.entry) })
    }
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

extension NpzEmbeddings: WritableEmbeddings {
  /// Writes one array per item, named by its key.
  static func write(_ embeddings: EmbeddingSet, to path: String) throws {
    let file = try OutputFile(path)
    var writer = NpzWriter(file)
    for item in embeddings.items { try writer.add(item.key, try embeddings.tensor(item)) }
    try writer.finish()
    try file.commit()
  }
}

extension NpzEmbeddings: InspectableFile {
  static func contents(_ path: String) throws -> FileContents {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    let entries = try StoredZipReader(file.bytes, source: path).entries.map { member -> FileContents.Entry in
      guard member.name.hasSuffix(".npy"), member.method == 0 else {
        return .init(name: member.name, kind: "\(member.size) bytes", shape: member.method == 0 ? "" : "compressed")
      }
      let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[member.range])
      return .init(String(member.name.dropLast(4)), try NumpyHeader(bytes, source: "\(path), \(member.name)"))
    }
    return FileContents(entries: entries)
  }
}
