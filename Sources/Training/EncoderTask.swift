import Basics
import Kernels
import Networks
import Ranks

/// Trains an encoder on pairs of audio and teacher embeddings, or of audio and labels.
final class EncoderTask: TrainingTask {
  let ids: [String]
  private let training: TrainingStep
  private let validation: Validation?
  private let retrieval: (Validation.Pairs) -> [String: Double]

  /// - Parameter retrieval: computes retrieval scores of the validation clips, for the records.
  init(
    _ configuration: TrainingConfiguration, train: any TrainingClips, validation: (any TrainingClips)?,
    _ architecture: Architecture, _ objective: any Objective, _ learner: Learner, backend: any Backend,
    threads: WorkerThreads, ranks: RankGroup, profile: Profile?,
    retrieval: @escaping (Validation.Pairs) -> [String: Double]
  ) throws {
    (ids, self.retrieval) = (train.ids, retrieval)
    training = try ranks.together {
      try TrainingStep(
        train, configuration, architecture, objective, learner, backend: backend, threads: threads, ranks: ranks,
        profile: profile)
    }
    self.validation = validation.map {
      Validation(
        clips: $0, scope: configuration.normalization, architecture, objective, learner, backend: backend,
        threads: threads, ranks: ranks)
    }
  }

  var isValidated: Bool { validation != nil }

  func step(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> TrainingOutcome {
    try training.run(batch, epoch: epoch, number: number, rate: rate)
  }

  func validate(withScores: Bool) throws -> ValidationResult {
    guard let validation else { return ValidationResult(loss: 0) }
    let (loss, pairs) = try validation.score()
    return ValidationResult(loss: loss, retrieval: withScores ? retrieval(pairs) : nil)
  }
}
