// The index files beside a set of shards that other tools expect: `sizes.json` (open_clip: the number of samples in
// each shard) and one wids index per split, `train.json`, `validation.json`, `test.json`.

import Basics
import Corpus

package enum ShardSetIndex {
  private struct Wids: Encodable {
    struct Shard: Encodable {
      let url: String
      let nsamples: Int
      let filesize: Int
    }
    enum CodingKeys: String, CodingKey {
      case name, shardlist
      case kind = "__kind__"
      case version = "wids_version"
    }
    let kind = "wids-shard-index-v1"
    let version = 1
    let name: String
    let shardlist: [Shard]
  }

  package static let sizesName = "sizes.json"

  package static func widsName(_ split: Split) -> String { widsName(split.rawValue) }

  package static func widsName(_ set: String) -> String { "\(set).json" }

  package static func write(_ shards: [Split: [TrainingShard]], directory: String) throws {
    try write(Dictionary(uniqueKeysWithValues: shards.map { ($0.key.rawValue, $0.value) }), directory: directory)
  }

  /// Writes all index files of a directory of finished shards, given by the name of their set; a set without shards
  /// gets none.
  package static func write(_ shards: [String: [TrainingShard]], directory: String) throws {
    for (name, bytes) in try files(shards).sorted(by: { $0.key < $1.key }) {
      try Files.write(bytes, to: "\(directory)/\(name)")
    }
  }

  /// The bytes of those files, by name.
  package static func files(_ shards: [String: [TrainingShard]]) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    var sizes: [String: Int] = [:]
    for (set, list) in shards where !list.isEmpty {
      let wids = Wids(
        name: set,
        shardlist: list.sorted { $0.name < $1.name }
          .map { Wids.Shard(url: $0.name, nsamples: $0.sampleCount, filesize: $0.byteCount) })
      for shard in list { sizes[shard.name] = shard.sampleCount }
      files[widsName(set)] = try CanonicalJSON.bytes(wids) + [0x0A]
    }
    files[sizesName] = try CanonicalJSON.bytes(sizes) + [0x0A]
    return files
  }

  /// The number of samples by shard name, from `sizes.json`; nil if the file does not exist.
  package static func sizes(directory: String) throws -> [String: Int]? {
    let path = "\(directory)/\(sizesName)"
    guard Files.exists(path) else { return nil }
    return try CanonicalJSON.decode([String: Int].self, from: Files.read(path, limit: 64 << 20), source: path)
  }
}
