/// What `Trainer` trains: steps over batches of samples, and a look at samples that are kept out.
package protocol TrainingTask: AnyObject {
  /// Of the samples that are trained on: their order in an epoch depends on it. In byte order.
  var ids: [String] { get }
  /// Whether there are samples to look at.
  var isValidated: Bool { get }
  /// A batch of samples in, moved weights out; a function of the weights and of these arguments.
  /// - Parameters:
  ///   - batch: numbers of samples.
  ///   - number: of the step, counted from 1.
  func step(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> TrainingOutcome
  /// - Parameter withScores: whether anybody reads the scores that nothing goes by.
  func validate(withScores: Bool) throws -> ValidationResult
}

package struct TrainingOutcome: Sendable {
  package var loss: Double
  package var gradientNorm: Double
}

package struct ValidationResult: Sendable {
  /// What schedules, the early stop and the choice of the best epoch go by: lower is better.
  package var loss: Double
  /// For the records: how clips find each other, how captions are scored.
  package var retrieval: [String: Double]?
  package var captions: [String: Double]?
}
