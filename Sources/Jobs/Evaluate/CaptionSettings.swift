import Basics
import Corpus
import Evaluation
import Kernels
import Media
import Training

/// What `pipeline evaluate caption` is asked to do.
package struct CaptionSettings: Sendable {
  /// Training shards with captions: what is scored, where no table is named.
  package var shards = "shards"
  /// A table of captions, in place of shards.
  package var captions: String?
  /// A table of the captions that captioners learned from, where `captions` has no splits.
  package var training: String?
  /// Directories with the audio of the tables' clips; none: rows that listen are left out.
  package var audio: [String] = []
  /// Nil takes test, else validation; of a table without splits all of it.
  package var split: Split?
  /// Sentences to be scored: tables with one for each clip.
  package var candidates: [(name: String, path: String)] = []
  /// Rows of the nearest training clip by these embeddings.
  package var rows: [ClassifySettings.Row] = [.probe, .untrained, .logMel]
  package var features: [(name: String, path: String)] = []
  /// Seeds of random captions, of shuffled clips and of untrained networks.
  package var seeds = 3
  package var supervised = SupervisedTraining.Configuration()
  /// Where the supervised network keeps its records.
  package var baselines = ".pipeline/baselines"
  package var meteor: String?
  package var spice: String?
  /// A CLIP model for similarities of sentences.
  package var clip: String?
  package var activation: GELUKind?
  package var tokenizer: String?
  /// Where every sentence and its scores are written.
  package var save: String?
  package var jobs = Machine.processors
  package var threads = Machine.processors
  package var workerCommand: WorkerLaunch = []

  package init() {}
}
