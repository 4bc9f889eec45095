import Basics
import Corpus
import Media
import Shards
import StageGraph

/// Frames for external tools that make teacher embeddings: WebDataset tars with `<id>_<index>.jpg` and `.json` for each
/// frame.
///
/// The `.json` holds the clip's id, the frame's time on the clip clock in seconds, and its index: the number of its
/// time at the frame rate, so a missing frame leaves a gap. Embeddings made from the frames belong to the clip itself:
/// `<id>.npy`.
package enum FrameShards {
  static let set = "frames"

  static func stage(_ rate: FrameRate) -> Stage {
    Stage(name: "write-frames", version: 1, parameters: ["format": "webdataset", "pictures": "jpeg", "fps": "\(rate)"])
  }

  /// The frames of all clips, except those that are left out for reasons other than their embeddings.
  /// - Parameter rate: the rate at which frames were extracted.
  static func sets(_ prepared: PreparedPairs, rate: FrameRate) throws -> ShardSets {
    let preparation = prepared.preparation
    var (items, packs): ([ShardSets.Item], [Artifact]) = ([], [])
    for (verdict, position) in zip(prepared.verdicts, preparation.readyOf) where position >= 0 {
      let clip = preparation.ready[Int(position)]
      guard let frames = try prepared.run.frames(of: Int(position)) else { continue }
      let findings = verdict.findings.filter { !$0.code.rawValue.hasPrefix("embedding.") }
      guard preparation.policy.decisive(findings) == nil, fits(clip, rate) else { continue }
      items.append(ShardSets.Item(id: clip.id, digest: frames.digest, key: packs.count))
      packs.append(frames)
    }
    return ShardSets(stage: stage(rate), items: [set: items], names: [set]) { [packs] item, writer, store in
      let samples = try FramePack.decode(store.read(packs[item.key])).map { frame in
        let index = Int((frame.time * Double(rate.numerator) / Double(rate.denominator)).rounded())
        let record = try CanonicalJSON.bytes(Record(id: item.id.text, time: frame.time, index: index)) + [0x0A]
        let members = [(extension: "jpg", data: frame.jpeg), ("json", record)]
        return (key: "\(item.id.key)_\(threeDigits(index))", members: members)
      }
      try writer.add(item.id, samples: samples)
    }
  }

  private struct Record: Encodable {
    var id: String
    var time: Double
    var index: Int
  }

  /// Whether an id leaves room for `_009.json` in a tar's name field; every id does up to 100 frames a second.
  private static func fits(_ clip: PreparedClip, _ rate: FrameRate) -> Bool {
    let last = clip.seconds * Int(rate.numerator) / max(1, Int(rate.denominator))
    return clip.id.key.utf8.count + "_\(threeDigits(last - 1)).json".utf8.count <= 100
  }
}
