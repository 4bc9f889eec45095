import Runs
import Training

/// How far a run has come, without training it.
extension TrainingRun {
  /// The state of the newest checkpoint; nil where the run has none.
  var state: TrainingState? { CheckpointDirectory(existing: "\(directory)/checkpoints").latestState }

  /// Why a training in this state goes no further; nil where it would.
  func end(_ state: TrainingState) -> String? {
    state.end(
      description.configuration, settings.limits, clips: train.ids.count, isValidated: validation != nil)
  }
}
