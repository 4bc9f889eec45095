import Basics

/// The `.json` of a sample in a training shard.
struct SampleRecord: Encodable {
  struct Embeddings: Encodable {
    var fps: Double?
    var model: String?
    var rows: Int
    var times: [Double]
  }

  var id: String
  /// Seconds with both audio and video; the rest is padding.
  var duration: Double
  var label: String?
  /// SHA-256 of the file that the clip is taken from.
  var source: Digest
  /// Where the clip begins in that file, in seconds.
  var start: Double
  /// Where the clip ends in the video according to the list, in seconds.
  var end: Double?
  /// The clip's captions, under the name that open_clip's loaders of audio and text expect.
  var text: [String]?
  var embeddings: Embeddings

  private enum CodingKeys: String, CodingKey {
    case id, duration, label, source, start, end, text
    case embeddings = "vectors"
  }

  init(_ clip: PreparedClip, _ facts: ClipFacts, _ summary: SelectEmbeddings.Summary) {
    id = clip.id.text
    duration = facts.duration
    label = clip.label
    source = clip.source
    start = clip.start.seconds
    end = clip.end
    text = clip.captions.isEmpty ? nil : clip.captions
    embeddings = Embeddings(fps: summary.fps, model: summary.model, rows: summary.rows, times: summary.times)
  }

  func bytes() throws -> [UInt8] { try CanonicalJSON.bytes(self) + [0x0A] }
}
