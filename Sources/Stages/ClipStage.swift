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
  /// Whether there is anything for it to do.
  static func applies(to clip: PreparedClip) -> Bool
  /// What it takes for this clip, where it applies.
  static func inputs(_ clip: PreparedClip, _ settings: PrepareSettings) -> Action.Inputs
  static func run(_ clip: PreparedClip, _ inputs: ActionInputs, _ context: ClipContext) throws -> ActionResult
}

/// Every stage that works clip by clip, in the order of their inputs. A new one is one file and one line.
package let BuiltInStages: [any ClipStage.Type] = [ExtractSound.self, ExtractFrames.self, SelectVectors.self]

/// A clip as it goes into the graph: its candidate, the file's digest, the digest of its teacher rows.
package struct PreparedClip: Sendable {
  package var candidate: ClipCandidate
  package var id: ClipID
  package var source: Digest
  /// Where its teacher rows are, in order of preference; empty when there are none that can be taken.
  package var vectors: [EmbeddingLocation] = []
  /// Whether those rows are of the clip itself, although it is cut from a longer file: they stand under its own id.
  package var vectorsAreOfClip = false
  /// The digest of those rows.
  package var vectorsDigest: Digest?
  /// The digest of what their source says of them.
  package var descriptionDigest: Digest?
}

/// What stages work with.
package struct ClipContext: Sendable {
  package var settings: PrepareSettings
  package var workers: DecodeWorkers
  package var embeddings: EmbeddingIndex?
}

extension ClipStage {
  package static func applies(to clip: PreparedClip) -> Bool { true }

  static func id(_ clip: PreparedClip) -> ActionID { ActionID(stage: name, subject: clip.id.text) }
}
