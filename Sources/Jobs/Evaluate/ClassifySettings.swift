import Basics
import Media
import Training

/// The settings of `pipeline evaluate classify`.
package struct ClassifySettings: Sendable {
  package enum Row: String, CaseIterable, Sendable {
    case probe, untrained
    case logMel = "log-mel"
    case supervised
  }

  /// A directory or a table.
  package var data = ""
  package var reading = EvaluationClips.Reading()
  package var testFolds: [String] = []
  package var rows: [Row] = [.probe, .untrained, .logMel]
  package var features: [(name: String, path: String)] = []
  package var labelFractions: [Double] = []
  /// The number of seeds for validation shares, for the hidden layer and for untrained networks.
  package var seeds = 3
  package var supervisedSeeds = 1
  /// The directory with the baselines' records, and their checkpoints during training.
  package var baselines = ".pipeline/baselines"
  package var supervised = SupervisedTraining.Configuration()
  /// A data set whose published scores are shown too.
  package var published: String?
  /// Training shards to search for the evaluation's clips; nil searches none.
  package var trainingShards: String?
  /// The file that receives everything an external tool needs.
  package var save: String?
  package var jobs = Machine.processors
  package var threads = Machine.processors
  package var workerCommand: WorkerLaunch = []

  package init() {}
}
