import Basics
import Corpus
import Shards
import StageGraph

/// The training shards of a prepared run, and the list of what was left out of them.
package enum TrainingShards {
  static let stage = Stage(
    name: "write-shards", version: 1, parameters: ["format": "webdataset", "audio": "flac", "vectors": "npy"])
  /// The file beside the shards that lists what was left out, one clip a line.
  package static let quarantineName = "quarantine.jsonl"

  package static func sets(_ prepared: PreparedPairs) throws -> ShardSets {
    var items: [String: [ShardSets.Item]] = [:]
    for (k, pair) in prepared.pairs.enumerated() {
      items[pair.split.rawValue, default: []].append(ShardSets.Item(id: pair.id, digest: pair.digest, key: k))
    }
    return ShardSets(
      stage: stage, items: items, names: Split.allCases.map(\.rawValue),
      beside: [quarantineName: try quarantine(prepared.verdicts), ClipTable.name: ClipTable.bytes(prepared)]
    ) { item, writer, store in
      let sample = try prepared.sample(prepared.pairs[item.key])
      try writer.add(
        item.id,
        [.clip: try store.read(sample.embeddings), .audio: try store.read(sample.audio), .record: sample.record])
    }
  }

  private static func quarantine(_ verdicts: [ClipVerdict]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for verdict in verdicts where verdict.state == .leftOut { bytes += try CanonicalJSON.bytes(verdict) + [0x0A] }
    return bytes
  }
}
