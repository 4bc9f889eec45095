// Random access to one training shard: the tar is memory-mapped, and a member is a slice of it.

import Basics
import Corpus
import Tensors

package final class TrainingShardReader: Sendable {
  package let path: String
  /// In tar order.
  package let samples: [ShardSample]
  private let file: MappedFile

  /// - Throws: `tar.…` or `shard.…` with the offset, if the shard is damaged.
  package init(_ path: String) throws {
    self.path = path
    samples = try TrainingShardIndex.samples(path)
    file = try MappedFile(path)
  }

  /// The bytes of a member, valid while the reader lives. `sample` counts from 0.
  /// - Throws: `shard.member` if it does not exist, `shard.damaged` if another file is in its place.
  package func bytes(_ sample: Int, _ member: SampleMember) throws -> UnsafeRawBufferPointer {
    try bytes(sample, ending: member.rawValue)
  }

  package func bytes(_ sample: Int, ending: String) throws -> UnsafeRawBufferPointer {
    let id = samples[sample].id
    guard let member = samples[sample][ending] else { throw Failure.shardMember(path, id, ending) }
    let name = "\(id.key).\(ending)"
    guard member.offset >= 512, member.size <= file.bytes.count - member.offset,
      headerIs(name, member.size, at: member.offset - 512)
    else { throw Failure.shardHeader(path, name, at: member.offset) }
    return UnsafeRawBufferPointer(rebasing: file.bytes[member.offset..<member.offset + member.size])
  }

  /// The teacher rows of a sample, `[rows, width]`.
  package func clip(_ sample: Int) throws -> Tensor {
    try NumpyFile.read(bytes(sample, .clip), source: "\(path), \(samples[sample].id)")
  }

  /// With a stale index, another member's bytes could be returned, so the header before the data must contain the size
  /// and end with the name. (Its start may be a directory, and a PAX header may hold a long name.)
  private func headerIs(_ name: String, _ size: Int, at offset: Int) -> Bool {
    let header = file.bytes[offset..<offset + 512]
    let field = header[offset..<offset + 100].prefix { $0 != 0 }
    let digits = header[offset + 124..<offset + 136].filter { (0x30...0x37).contains($0) }
    guard digits.reduce(0, { $0 &* 8 &+ Int($1 - 0x30) }) == size else { return false }
    return field.count == 100 || field.suffix(name.utf8.count).elementsEqual(name.utf8)
      || String(decoding: field, as: UTF8.self).lowercased().hasSuffix(name.lowercased())
  }
}
