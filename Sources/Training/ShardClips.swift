import Audio
import Basics
import Corpus
import Shards
import Tensors

/// The pairs of one split of a shard directory, read in place: tar files are mapped, FLAC is decoded clip by clip.
package final class ShardClips: TrainingClips {
  package let ids: [String]
  package let width: Int
  /// The length of the first clip: all clips of a data set have the same length.
  package let samples: Int
  private let clips: TrainingSamples

  package init(_ clips: TrainingSamples) throws {
    self.clips = clips
    ids = (0..<clips.count).map { clips.id($0).text }
    samples = try clips.count > 0 ? FlacDecoder.sampleCount(clips.bytes(0, .audio)) ?? Self.usual : Self.usual
    width = clips.count > 0 ? try clips.clip(0).shape.last ?? 0 : 0
  }

  private static let usual = ClipLength.usual * FrontEnd.sampleRate

  package func waveform(_ clip: Int, into place: UnsafeMutablePointer<Float>) throws {
    let id = ids[clip]
    try FlacDecoder.decode(try clips.bytes(clip, .audio), samples: samples, name: id, into: place)
  }

  /// The teacher rows are spread evenly over the clip; those of a crop begin at row floor(start · rows / samples).
  package func target(_ clip: Int, samples range: Range<Int>) throws -> [Float] {
    let rows = try clips.clip(clip)
    guard rows.shape.count == 2, rows.shape[0] > 0, rows.shape[1] == width else {
      throw Failure.embeddingWidth(ids[clip], found: rows.shape.last ?? 0, expected: width)
    }
    let first = min(range.lowerBound * rows.shape[0] / samples, rows.shape[0] - 1)
    let count = max(1, range.count * rows.shape[0] / samples)
    let chosen = first..<min(rows.shape[0], first + count)
    let values = try rows.floats()
    var sums = [Double](repeating: 0, count: width)
    for i in chosen.lowerBound * width..<chosen.upperBound * width { sums[i % width] += Double(values[i]) }
    return sums.map { Float($0 / Double(chosen.count)) }
  }

  /// The label in a clip's record; nil if it has none.
  package func label(_ clip: Int) throws -> String? {
    struct Record: Decodable { var label: String? }
    let bytes = try clips.bytes(clip, .record)
    return try CanonicalJSON.decode(Record.self, from: Array(bytes), source: ids[clip]).label
  }

  /// The captions in a clip's record; empty if it has none.
  package func captions(_ clip: Int) throws -> [String] {
    struct Record: Decodable { var text: [String]? }
    let bytes = try clips.bytes(clip, .record)
    return try CanonicalJSON.decode(Record.self, from: Array(bytes), source: ids[clip]).text ?? []
  }
}
