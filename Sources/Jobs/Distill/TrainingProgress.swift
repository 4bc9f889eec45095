import Distillation
import Runs

/// How far a run has come, without training it.
extension TrainingRun {
  /// The state of the newest checkpoint; nil where the run has none.
  package var state: TrainingState? { CheckpointFolder(existing: "\(folder)/checkpoints").latestState }

  /// Why a training in this state goes no further; nil where it would.
  package func end(_ state: TrainingState) -> String? {
    state.end(
      description.configuration, settings.limits, clips: train.ids.count, isValidated: validation != nil)
  }
}
