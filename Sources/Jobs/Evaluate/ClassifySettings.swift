import Basics
import Media
import Training

/// What `pipeline evaluate classify` is asked to do.
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
  /// Seeds of validation shares, of the hidden layer's and of untrained networks' weights.
  package var seeds = 3
  package var supervisedSeeds = 1
  /// Where baselines keep their records, and their checkpoints while they are trained.
  package var baselines = ".pipeline/baselines"
  package var supervised = SupervisedTraining.Configuration()
  /// A data set whose published scores are shown beside.
  package var published: String?
  /// Training shards to look for the evaluation's clips in; nil: none.
  package var trainingShards: String?
  /// Where everything an outside judge needs is written.
  package var save: String?
  package var jobs = Machine.processors
  package var threads = Machine.processors
  package var workerCommand: WorkerLaunch = []

  package init() {}
}
