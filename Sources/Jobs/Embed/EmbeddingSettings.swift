import Audio
import Basics
import Corpus
import Media
import Runs
import Shards
import Wav2CLIP

/// The settings of `pipeline embed`.
package struct EmbeddingSettings: Sendable {
  /// How the key of an embedding is formed.
  package enum Keys: String, Sendable, CaseIterable {
    /// The clip's id: the file's name before its first dot.
    case id
    /// The id with the file's directories in front.
    case path
  }

  package var inputs: [String] = []
  package var manifest: String?
  /// The split of training shards to embed; nil takes test, or validation when there is no test split.
  package var split: Split?
  package var weights: String?
  package var run: String?
  package var checkpoint: TrainedModel.Choice?
  package var output = ""
  /// Only the audio clips of this part are embedded, into a file of its own; nil embeds all.
  package var part: WorkPart?
  /// Seconds between windows; nil gives one embedding for the whole audio.
  package var hop: Double?
  /// With windows: whether audio shorter than a second gets one embedding of the whole instead of being left out.
  package var shortAsWhole = false
  package var projection = true
  package var normalize = false
  /// float32, mixed or mixed-winograd.
  package var precision = "float32"
  package var keys = Keys.id
  /// Whether symbolic links in the input directories are followed.
  package var followsLinks = true
  package var threads = Machine.processors
  package var jobs = Machine.processors
  package var maxBadFraction = 0.05
  /// The command that starts a decode worker.
  package var workerCommand: WorkerLaunch = []

  package init() {}

  /// The file that is written: `NAME.npy`, or `NAME-00003-of-00008.npy` for a part.
  package var file: String { part.map { EmbeddingPart.path(output, $0) } ?? output }

  /// - Throws: `embed.hop`.
  func cut() throws -> WindowCut? { try hop.map(WindowCut.init(hopSeconds:)) }
}
