/// Whether a training is over: what `Trainer` goes by, and what tells a plan that nothing is left to do.
extension TrainingState {
  /// Why a training that has come so far goes no further; nil where a step is left. The hours given are not looked at.
  /// - Parameters:
  ///   - clips: that are trained on.
  ///   - isValidated: whether there is a validation loss: without one nothing stops early.
  package func end(
    _ configuration: TrainingConfiguration, _ limits: TrainingLimits, clips: Int, isValidated: Bool
  ) -> String? {
    if isValidated, let patience = configuration.patience, epochsWithoutBetter >= patience {
      return "no better validation in \(patience) epochs"
    }
    if epoch >= limits.epochs { return "all epochs done" }
    // Whose batches are all done still has to be validated and noted: an epoch is finished whatever the steps.
    if let steps = limits.steps, step >= steps, batchInEpoch < configuration.batches(of: clips) {
      return "\(steps) steps done"
    }
    return nil
  }
}

extension TrainingConfiguration {
  /// Whole batches of an epoch.
  package func batches(of clips: Int) -> Int { clips / max(1, batchSize) }
}
