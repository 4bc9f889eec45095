import Runs
import Training

/// How far a run has got, without training it.
extension TrainingRun {
  /// The state of the newest checkpoint; nil when the run has none.
  var state: TrainingState? { CheckpointDirectory(existing: "\(directory)/checkpoints").latestState }

  /// Why training in this state has ended; nil when it would continue.
  func end(_ state: TrainingState) -> String? {
    state.end(
      description.configuration, settings.limits, clips: train.ids.count, isValidated: validation != nil)
  }
}
