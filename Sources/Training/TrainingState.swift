/// Everything besides the values in `Learner` that training needs to resume as if it had not stopped.
package struct TrainingState: Codable, Sendable, Equatable {
  /// The number of completed steps.
  package var step = 0
  /// The current epoch, counted from 0, and the number of its completed batches.
  package var epoch = 0
  package var batchInEpoch = 0
  package var schedule: [String: Double] = [:]
  package var best: Score?
  package var epochsWithoutBetter = 0
  /// The sum of the losses of the epoch's completed batches.
  package var epochLoss = 0.0

  package struct Score: Codable, Sendable, Equatable {
    package var step: Int
    package var validationLoss: Double
  }

  package init() {}
}
