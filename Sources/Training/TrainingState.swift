/// All that training needs to go on as if it had not stopped, besides the numbers in `Learner`.
package struct TrainingState: Codable, Sendable, Equatable {
  /// Steps done.
  package var step = 0
  /// The epoch that runs, counted from 0, and how many of its batches are done.
  package var epoch = 0
  package var batchInEpoch = 0
  package var schedule: [String: Double] = [:]
  package var best: Score?
  package var epochsWithoutBetter = 0
  /// Sum of the losses of the epoch's batches so far.
  package var epochLoss = 0.0

  package struct Score: Codable, Sendable, Equatable {
    package var step: Int
    package var validationLoss: Double
  }

  package init() {}
}
