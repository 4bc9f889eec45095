import Audio
import Basics
import Corpus
import Shards
import Training

/// The clips that a student was trained on: the content keys of the audio in its shards, and the digests of the source
/// files.
package struct TrainingOverlap: Sendable {
  private var audioClips: Set<String> = []
  private var sources: Set<Digest> = []
  /// The number of clips for training and validation in the shards.
  package private(set) var clips = 0

  /// - Parameter directory: the directory of training shards.
  package init(shards directory: String, splits: [Split] = [.train, .validation]) throws {
    struct Record: Decodable { var source: Digest? }
    let set = try TrainingSet(directory: directory)
    for split in set.splits where splits.contains(split) {
      let samples = try set.samples(split)
      for index in 0..<samples.count {
        if let key = FlacDecoder.contentKey(try samples.bytes(index, .audio)) { audioClips.insert(key) }
        let record = try CanonicalJSON.decode(
          Record.self, from: Array(try samples.bytes(index, .record)), source: samples.id(index).text)
        if let source = record.source { sources.insert(source) }
        clips += 1
      }
    }
  }

  /// Whether audio with this key, or a clip from this file, was used for training.
  package func holds(contentKey: String?, file: Digest?) -> Bool {
    contentKey.map(audioClips.contains) ?? false || file.map(sources.contains) ?? false
  }

  /// A warning about evaluation clips that were used for training.
  package static func warning(_ names: [String], of total: Int) -> String? {
    guard let first = names.first else { return nil }
    let others = names.count > 1 ? " and \(names.count - 1) more" : ""
    return
      "\(names.count) of \(total) evaluation clips were in the training data (\(first)\(others)): their scores are too good"
  }
}
