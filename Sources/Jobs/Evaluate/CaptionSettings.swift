import Basics
import Corpus
import Evaluation
import Kernels
import Media
import Training

/// The settings of `pipeline evaluate caption`.
package struct CaptionSettings: Sendable {
  /// Training shards with captions, which are scored when no table is named.
  package var shards = "shards"
  /// A table of captions, used instead of shards.
  package var captions: String?
  /// A table of the captions that captioners were trained on, for `captions` without splits.
  package var training: String?
  /// Directories with the audio of the tables' clips; when empty, rows that use audio are left out.
  package var audio: [String] = []
  /// Nil takes test, or validation when there is no test; for a table without splits, all rows.
  package var split: Split?
  /// Captions to score: tables with one for each clip.
  package var candidates: [(name: String, path: String)] = []
  /// Embeddings that find the nearest training clip, one row each.
  package var rows: [ClassifySettings.Row] = [.probe, .untrained, .logMel]
  package var features: [(name: String, path: String)] = []
  /// The number of seeds for random captions, shuffled clips and untrained networks.
  package var seeds = 3
  package var supervised = SupervisedTraining.Configuration()
  /// The directory with the records of the supervised network.
  package var baselines = ".pipeline/baselines"
  package var meteor: String?
  package var spice: String?
  /// A CLIP model for similarities of captions.
  package var clip: String?
  package var activation: GELUKind?
  package var tokenizer: String?
  /// The file that receives every caption and its scores.
  package var save: String?
  package var jobs = Machine.processors
  package var threads = Machine.processors
  package var workerCommand: WorkerLaunch = []

  package init() {}
}
