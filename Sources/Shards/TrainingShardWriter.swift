// Writes one training shard: a WebDataset tar of samples in key order, and DALI's text index for it.

import Basics
import Corpus
import Tar

/// The facts about a written shard.
package struct TrainingShard: Sendable, Equatable, Codable {
  /// The file's name without its directory.
  package let name: String
  package let digest: Digest
  package let byteCount: Int
  package let sampleCount: Int
  /// The digest of the index beside it; nil in records of earlier versions.
  package let index: Digest?

  package init(name: String, digest: Digest, byteCount: Int, sampleCount: Int, index: Digest? = nil) {
    (self.name, self.digest, self.byteCount, self.sampleCount) = (name, digest, byteCount, sampleCount)
    self.index = index
  }

  /// The same shard under another name.
  package func renamed(_ name: String) -> TrainingShard {
    TrainingShard(name: name, digest: digest, byteCount: byteCount, sampleCount: sampleCount, index: index)
  }

  /// `train-000000.tar`.
  package static func name(_ split: Split, _ number: Int) -> String { name(split.rawValue, number) }

  /// The same name for any set: `frames-000000.tar`.
  package static func name(_ set: String, _ number: Int) -> String {
    let digits = String(number)
    return "\(set)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).tar"
  }

  /// The split and number in a name of this form, else nil.
  package static func parse(_ name: String) -> (split: Split, number: Int)? {
    guard let (set, number) = parseSet(name), let split = Split(rawValue: set) else { return nil }
    return (split, number)
  }

  /// The set and number in a name of this form, for any set.
  package static func parseSet(_ name: String) -> (set: String, number: Int)? {
    guard name.hasSuffix(".tar"), let dash = name.lastIndex(of: "-"), dash != name.startIndex,
      case let digits = name[name.index(after: dash)...].dropLast(4), digits.utf8.count >= 6, digits.utf8.count <= 18,
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits)
    else { return nil }
    return (String(name[..<dash]), number)
  }

  /// The index beside a tar: `train-000000.idx`.
  package static func indexPath(_ tar: String) -> String {
    (tar.hasSuffix(".tar") ? String(tar.dropLast(4)) : tar) + ".idx"
  }
}

/// The members that a training sample may have; the writer sorts them in byte order.
package enum SampleMember: String, Sendable, CaseIterable {
  /// The teacher's rows for the clip, `[rows, 512]`, float16 or float32.
  case clip = "clip.npy"
  /// 16 kHz mono 16-bit audio, 160,000 samples.
  case audio = "flac"
  /// Times, source digest, model, label.
  case record = "json"
}

package final class TrainingShardWriter {
  private let path: String
  private let tar: TarWriter
  private var samples: [[TrainingShardIndex.Entry]] = []
  private var last: ClipID?

  /// Starts writing `path`; no file has this name before `finish`.
  package init(_ path: String) throws {
    self.path = path
    tar = try TarWriter(path)
  }

  /// Adds one sample. Ids must come in increasing byte order.
  /// - Throws: `shard.order`, `tar.longname`, or what writing throws.
  package func add(_ id: ClipID, _ members: [SampleMember: [UInt8]]) throws {
    try add(id, members.map { ($0.key.rawValue, $0.value) })
  }

  /// Adds a sample with any extensions.
  package func add(_ id: ClipID, _ members: [(extension: String, data: [UInt8])]) throws {
    try follow(id)
    try add(key: id.key, members)
  }

  /// Adds several samples of one clip, with their own keys, in the given order.
  package func add(
    _ id: ClipID, samples: [(key: String, members: [(extension: String, data: [UInt8])])]
  ) throws {
    try follow(id)
    for (key, members) in samples { try add(key: key, members) }
  }

  private func follow(_ id: ClipID) throws {
    if let last, !(last < id) { throw Failure.shardOrder(path, last, id) }
    last = id
  }

  private func add(key: String, _ members: [(extension: String, data: [UInt8])]) throws {
    var entries: [TrainingShardIndex.Entry] = []
    for (ending, data) in members.sorted(by: { $0.extension.utf8.lexicographicallyPrecedes($1.extension.utf8) }) {
      let name = "\(key).\(ending)"
      let offset = try tar.add(name, data)
      entries.append(.init(ending: ending, offset: offset, size: data.count, name: name))
    }
    samples.append(entries)
  }

  /// Puts the tar and then its index in place, durably.
  package func finish() throws -> TrainingShard {
    let (byteCount, digest) = try tar.finish()
    let index = TrainingShardIndex.bytes(samples)
    try Files.write(index, to: TrainingShard.indexPath(path))
    return TrainingShard(
      name: Files.name(path), digest: digest, byteCount: byteCount, sampleCount: samples.count, index: Digest(of: index)
    )
  }
}
