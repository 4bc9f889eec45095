import Basics
import Corpus
import Media
import Shards
import StageGraph

/// One kind of work on one clip: an adapter between the graph and the modules that do it.
package protocol ClipStage: Sendable {
  static var name: String { get }
  /// Raised whenever the same inputs would give other bytes than before.
  static var version: Int { get }
  /// Whether these settings ask for it.
  static func isWanted(_ settings: PrepareSettings) -> Bool
  /// What the fingerprint holds besides the inputs.
  static func stage(_ settings: PrepareSettings) -> Stage
  /// Whether its results are worth sharing between workspaces: those that take longer to make than to fetch.
  static var isShared: Bool { get }
  /// Whether there is anything for it to do.
  static func applies(to clip: PreparedClip) -> Bool
  /// What it takes for this clip, where it applies.
  static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs
  static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult
}

/// Every stage that works clip by clip, in the order of their inputs. A new one is one file and one line.
package let builtInStages: [any ClipStage.Type] = [
  ExtractAudio.self, ExtractFrames.self, SelectEmbeddings.self, EmbedFrames.self,
]

/// A clip as it goes into the graph: where it is, the file's digest, its teacher rows.
package struct PreparedClip: Sendable {
  /// The teacher rows of a clip.
  package struct Embeddings: Sendable {
    /// In the index of all rows.
    package var place: Int
    /// Whether they are of the clip itself, although it is cut from a longer file: they stand under its own id.
    package var areOfClip: Bool
    package var digest: Digest
    /// The digest of what their source says of them.
    package var description: Digest
  }

  package var id: ClipID
  /// The bytes of its file.
  package var media: MediaSource
  /// The name of that file.
  package var file: String
  /// The same without its last extension.
  package var stem: String
  /// Where the clip begins in the file.
  package var startMilliseconds: Int
  /// How long it should be.
  package var seconds: Int
  package var label: String?
  package var captions: [String]
  /// Where it ends in the video, in seconds, if a list says so.
  package var end: Double?
  /// The digest of the file.
  package var source: Digest
  /// Nil when there are none that can be taken.
  package var embeddings: Embeddings?

  package init(_ candidate: ClipCandidate, _ id: ClipID, seconds: Int, source: Digest) {
    (self.id, self.seconds, self.source) = (id, seconds, source)
    (media, startMilliseconds) = (candidate.file.media, candidate.startMilliseconds)
    file = candidate.file.name
    stem = candidate.isFileItself ? id.text : candidate.file.stem
    (label, captions, end) = (candidate.label, candidate.captions, candidate.end)
  }

  var start: MediaTime { MediaTime(milliseconds: startMilliseconds) }
}

/// What stages work with.
package struct ClipContext: Sendable {
  package var settings: PrepareSettings
  package var workers: DecodeWorkers
  package var embeddings: EmbeddingIndex?
}

extension ClipStage {
  package static var isShared: Bool { true }
  package static func applies(to clip: PreparedClip) -> Bool { true }

  static func id(_ clip: PreparedClip) -> ActionID { ActionID(stage: name, subject: clip.id.text) }
}
