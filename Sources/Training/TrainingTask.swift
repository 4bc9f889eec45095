/// A task for `Trainer`: training steps on batches of samples, and validation on held-out samples.
package protocol TrainingTask: AnyObject {
  /// The ids of the training samples, in byte order. The order of an epoch depends on them.
  var ids: [String] { get }
  /// Whether there are validation samples.
  var isValidated: Bool { get }
  /// Updates the weights with a batch of samples. The result depends only on the weights and these arguments.
  /// - Parameters:
  ///   - batch: the indices of the samples.
  ///   - number: the step's number, starting at 1.
  func step(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> TrainingOutcome
  /// - Parameter withScores: whether to compute scores that are only recorded.
  func validate(withScores: Bool) throws -> ValidationResult
}

package struct TrainingOutcome: Sendable {
  package var loss: Double
  package var gradientNorm: Double
}

package struct ValidationResult: Sendable {
  /// The value for schedules, the early stop and the choice of the best epoch; lower is better.
  package var loss: Double
  /// For the records: scores of retrieval among the clips, and of captions.
  package var retrieval: [String: Double]?
  package var captions: [String: Double]?
}
