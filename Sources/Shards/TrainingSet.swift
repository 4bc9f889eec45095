// A directory of training shards as seen by training: its splits, and in each the samples of all its shards in key
// order.

import Basics
import Corpus
import Tensors

package struct TrainingSet: Sendable {
  package let directory: String
  /// The shards' file names, in number order.
  package let shards: [Split: [String]]
  private let sizes: [String: Int]?

  /// Reads only file names; `samples(_:)` opens the shards.
  /// - Throws: `shards.none`, or `shards.missing` if a number is missing or `sizes.json` names a shard that does not
  ///   exist.
  package init(directory: String) throws {
    self.directory = directory
    guard Files.isDirectory(directory) else { throw Failure.shardsNone(directory) }
    var found: [Split: [(number: Int, name: String)]] = [:]
    for name in try Files.names(in: directory) {
      if let (split, number) = TrainingShard.parse(name) { found[split, default: []].append((number, name)) }
    }
    if found.isEmpty { throw Failure.shardsNone(directory) }
    for (split, list) in found {
      for (expected, shard) in list.sorted(by: { $0.number < $1.number }).enumerated() where shard.number != expected {
        throw Failure.shardMissing(directory, TrainingShard.name(split, expected))
      }
    }
    shards = found.mapValues { $0.sorted { $0.number < $1.number }.map(\.name) }
    sizes = try ShardSetIndex.sizes(directory: directory)
    let names = Set(shards.values.joined())
    if let absent = sizes?.keys.sorted().first(where: { TrainingShard.parse($0) != nil && !names.contains($0) }) {
      throw Failure.shardMissing(directory, absent)
    }
  }

  /// The ids in each split, read from the indexes only.
  /// - Throws: what reading a shard's index throws.
  package func ids() throws -> [Split: [ClipID]] {
    try shards.mapValues { names in
      try names.flatMap { try TrainingShardIndex.samples("\(directory)/\($0)").map(\.id) }
    }
  }

  /// In the order train, validation, test.
  package var splits: [Split] { shards.keys.sorted() }

  /// Opens every shard of a split.
  /// - Throws: `shards.split`, `shards.count`, `shard.duplicate`, and what reading a shard throws.
  package func samples(_ split: Split) throws -> TrainingSamples {
    guard let names = shards[split] else { throw Failure.splitMissing(directory, split, has: splits) }
    let readers = try names.map { name in
      let reader = try TrainingShardReader("\(directory)/\(name)")
      if let expected = sizes?[name], expected != reader.samples.count {
        throw Failure.shardCount(reader.path, found: reader.samples.count, expected: expected)
      }
      return reader
    }
    return try TrainingSamples(readers, directory: directory)
  }
}

/// The samples of one split in key order, with random access. May be used from many threads.
package final class TrainingSamples: Sendable {
  private let readers: [TrainingShardReader]
  private let places: [(shard: Int32, sample: Int32)]

  init(_ readers: [TrainingShardReader], directory: String) throws {
    self.readers = readers
    var places: [(shard: Int32, sample: Int32)] = []
    for (i, reader) in readers.enumerated() {
      for j in reader.samples.indices { places.append((Int32(i), Int32(j))) }
    }
    let id = { (place: (shard: Int32, sample: Int32)) in readers[Int(place.shard)].samples[Int(place.sample)].id }
    if !zip(places, places.dropFirst()).allSatisfy({ id($0) < id($1) }) { places.sort { id($0) < id($1) } }
    for (a, b) in zip(places, places.dropFirst()) where id(a) == id(b) {
      throw Failure.shardDuplicate(directory, id(a))
    }
    self.places = places
  }

  package var count: Int { places.count }

  package func id(_ index: Int) -> ClipID { readers[Int(places[index].shard)].samples[Int(places[index].sample)].id }

  /// The bytes of a member, valid while this object lives.
  /// - Throws: `shard.member` or `shard.damaged`.
  package func bytes(_ index: Int, _ member: SampleMember) throws -> UnsafeRawBufferPointer {
    try readers[Int(places[index].shard)].bytes(Int(places[index].sample), member)
  }

  /// Teacher rows, `[rows, width]`, float16 or float32.
  package func clip(_ index: Int) throws -> Tensor {
    try readers[Int(places[index].shard)].clip(Int(places[index].sample))
  }
}
