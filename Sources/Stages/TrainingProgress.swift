import Corpus
import Distillation

/// How far a run has come, without training it.
extension TrainingRun {
  /// The state of the newest checkpoint; nil where the run has none.
  package var state: TrainingState? { CheckpointFolder(existing: "\(folder)/checkpoints").latestState }

  /// Why a training in this state goes no further; nil where it would.
  package func end(_ state: TrainingState) -> String? {
    let clips = description.clips
    return state.end(
      description.configuration, settings.limits, clips: clips["train"] ?? 0,
      isValidated: (clips["validation"] ?? 0) >= Split.fewestValidationClips)
  }
}
