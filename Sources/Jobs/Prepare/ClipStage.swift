import Basics
import Corpus
import Media
import Shards
import StageGraph

/// One kind of work on one clip: an adapter between the graph and the modules that do the work.
package protocol ClipStage: Sendable {
  static var name: String { get }
  /// Increased whenever the same inputs would give different bytes.
  static var version: Int { get }
  /// Whether the settings ask for this stage.
  static func isWanted(_ settings: PrepareSettings) -> Bool
  /// The part of the fingerprint that does not depend on the inputs.
  static func stage(_ settings: PrepareSettings) -> Stage
  /// Whether its results are shared between workspaces, which is useful when they take longer to make than to fetch.
  static var isShared: Bool { get }
  /// Whether the stage has anything to do for a clip.
  static func applies(to clip: PreparedClip) -> Bool
  /// The stage's inputs for a clip that it applies to.
  static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs
  static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult
}

/// Every stage that processes clips, in the order of their inputs. To add one: write a file and add a line here.
package let builtInStages: [any ClipStage.Type] = [
  ExtractAudio.self, ExtractFrames.self, SelectEmbeddings.self, EmbedFrames.self,
]

/// A clip as the graph sees it: its place, the digest of its file, its teacher rows.
package struct PreparedClip: Sendable {
  /// The teacher rows of a clip.
  package struct Embeddings: Sendable {
    /// Their position in the index of all rows.
    package var place: Int
    /// Whether the rows are listed under the clip's own id, although it is cut from a longer file.
    package var areOfClip: Bool
    package var digest: Digest
    /// The digest of the source's description of the rows.
    package var description: Digest
  }

  package var id: ClipID
  /// The bytes of the clip's file.
  package var media: MediaSource
  /// The name of the file.
  package var file: String
  /// The name of the file without its last extension.
  package var stem: String
  /// Where the clip begins in the file.
  package var startMilliseconds: Int
  /// The intended length of the clip.
  package var seconds: Int
  package var label: String?
  package var captions: [String]
  /// Where the clip ends in the video, in seconds, if a list says so.
  package var end: Double?
  /// The digest of the file.
  package var source: Digest
  /// Nil when there are none that can be used.
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

/// What stages need to run.
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
