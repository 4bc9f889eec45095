// Finds the members of a shard. DALI's `.idx` lists them in a few kilobytes; it is used only if its offsets cover the
// tar exactly. If it is missing, stale or without names, the tar itself is read.

import Basics
import Corpus
import Tar

/// One sample of a shard: its id and the positions of its members.
package struct ShardSample: Sendable, Equatable {
  package struct Member: Sendable, Equatable {
    package let ending: String
    package let offset: Int
    package let size: Int
  }
  package let id: ClipID
  package let members: [Member]

  package subscript(ending: String) -> Member? { members.first { $0.ending == ending } }
}

package enum TrainingShardIndex {
  /// The samples in tar order.
  /// - Throws: `tar.…` or `shard.key`.
  static func samples(_ path: String) throws -> [ShardSample] {
    let size = try Files.identity(path).size
    let index = TrainingShard.indexPath(path)
    if Files.exists(index), let text = try? Files.read(index, limit: 256 << 20),
      let samples = parse(text, tarSize: size), try endsThere(path, samples, size)
    {
      return samples
    }
    return try TarSample.group(TarFile.members(path), path: path).map { sample in
      guard let id = ClipID(key: Files.name(sample.key)) else { throw Failure.shardKey(path, sample.key) }
      return ShardSample(
        id: id,
        members: sample.members.map { .init(ending: $0.extension, offset: $0.member.offset, size: $0.member.size) })
    }
  }

  /// A member as written in a line of the index.
  struct Entry {
    var ending: String
    var offset: Int
    var size: Int
    var name: String
  }

  /// The bytes of the index file for the members of each sample.
  ///
  /// DALI splits a line at white space and has no quotes: a name with a space in it would end there, and the rest would
  /// be read as the next member. In this case the file is written as version 1.1, which DALI also reads and which has
  /// no names.
  static func bytes(_ samples: [[Entry]]) -> [UInt8] {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    let hasNames = !samples.contains { $0.contains { $0.name.utf8.contains(where: isSpace) } }
    var text = "\(hasNames ? version : versionWithoutNames) \(samples.count)\n"
    for sample in samples {
      let members = sample.map { "\($0.ending) \($0.offset) \($0.size)\(hasNames ? " \($0.name)" : "")" }
      text += members.joined(separator: " ") + "\n"
    }
    return Array(text.utf8)
  }

  private static let version = "v1.2"
  private static let versionWithoutNames = "v1.1"

  /// The correct bytes of the index file, computed from the tar alone.
  /// - Throws: `tar.…` if the tar is damaged.
  package static func bytes(ofTar path: String) throws -> [UInt8] {
    bytes(
      try TarSample.group(TarFile.members(path), path: path).map { sample in
        sample.members.map {
          Entry(ending: $0.extension, offset: $0.member.offset, size: $0.member.size, name: $0.member.name)
        }
      })
  }

  /// Nil unless every line is valid and the members follow each other without a gap, as the writer places them.
  private static func parse(_ text: [UInt8], tarSize: Int) -> [ShardSample]? {
    let lines = text.split(separator: 0x0A)
    guard let first = lines.first, case let head = first.split(separator: 0x20), head.count == 2,
      head[0].elementsEqual(version.utf8), let count = number(head[1]), count == lines.count - 1
    else { return nil }
    var samples: [ShardSample] = []
    samples.reserveCapacity(count)
    var end = 0
    for line in lines.dropFirst() {
      let words = line.split(separator: 0x20)
      guard words.count % 4 == 0, !words.isEmpty else { return nil }
      var (members, id) = ([ShardSample.Member](), ClipID?.none)
      for i in stride(from: 0, to: words.count, by: 4) {
        guard let offset = number(words[i + 1]), let size = number(words[i + 2]), offset == end + 512,
          size <= tarSize - offset, let ending = String(validating: words[i], as: UTF8.self),
          words[i + 3].suffix(ending.utf8.count).elementsEqual(ending.utf8),
          let stem = String(validating: words[i + 3].dropLast(ending.utf8.count + 1), as: UTF8.self),
          id == nil || id?.key == stem, let clip = ClipID(key: stem)
        else { return nil }
        members.append(.init(ending: ending, offset: offset, size: size))
        id = clip
        end = offset + (size + 511) / 512 * 512
      }
      guard let id else { return nil }
      samples.append(ShardSample(id: id, members: members))
    }
    return end + 1024 <= tarSize ? samples : nil
  }

  private static func number(_ digits: some Collection<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// Whether the tar ends where the index says: only zeros from there on, at most the padding of one record.
  private static func endsThere(_ path: String, _ samples: [ShardSample], _ size: Int) throws -> Bool {
    let end = samples.last?.members.last.map { $0.offset + ($0.size + 511) / 512 * 512 } ?? 0
    guard size - end <= 1024 + 10_240 else { return false }
    return try InputFile(path).read(at: end, count: size - end).allSatisfy { $0 == 0 }
  }
}
