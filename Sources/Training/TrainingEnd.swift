/// Whether a training has ended. Used by `Trainer`, and by plans to find out whether anything is left to do.
extension TrainingState {
  /// Why a training in this state ends; nil if there is more to do. The limit in hours is not considered.
  /// - Parameters:
  ///   - clips: the number of training clips.
  ///   - isValidated: whether there is a validation loss; without one, there is no early stop.
  package func end(
    _ configuration: TrainingConfiguration, _ limits: TrainingLimits, clips: Int, isValidated: Bool
  ) -> String? {
    if isValidated, let patience = configuration.patience, epochsWithoutBetter >= patience {
      return "no better validation in \(patience) epochs"
    }
    if epoch >= limits.epochs { return "all epochs done" }
    // If all batches of an epoch are done, it must still be validated and recorded, even at the step limit.
    if let steps = limits.steps, step >= steps, batchInEpoch < configuration.batches(of: clips) {
      return "\(steps) steps done"
    }
    return nil
  }
}

extension TrainingConfiguration {
  /// The number of complete batches in an epoch.
  package func batches(of clips: Int) -> Int { clips / max(1, batchSize) }
}
