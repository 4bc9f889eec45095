import Basics
import Models
import Networks

/// What the weights of a decoder for captions depend on besides data and `TrainingConfiguration`. Defaults are those of
/// DCASE 2024's baseline.
package struct CaptionRecipe: Codable, Sendable, Equatable {
  /// What a decoder is trained on: audio clips with their sentences, or sentences alone, each with its own embedding in
  /// place of an audio clip's.
  package enum Source: String, Codable, Sendable, CaseIterable { case audio, texts }

  package var decoder: CaptionDecoder
  package var source = Source.audio
  /// Of the words that are wanted, the share that is spread over all words.
  package var smoothing = 0.2
  /// α of the Beta distribution that two sentences' shares are drawn from; 0: nothing is mixed.
  package var mixup = 0.4
  /// Deviation of Gaussian noise that is added to each value of a text's embedding of length one.
  package var noise = 0.0
  /// How sentences are looked for where validation audio clips are captioned.
  package var beams = 3

  package init(_ decoder: CaptionDecoder) { self.decoder = decoder }

  /// The recipe's settings of what `Trainer` shares with other trainings.
  package static func configuration() -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    (configuration.loss, configuration.batchSize, configuration.microbatch) = ("captions", 64, 16)
    (configuration.learningRate, configuration.schedule) = (5e-4, CosineSchedule.name)
    configuration.scheduleEpochs = 60
    configuration.optimizer.weightDecay = 2
    configuration.optimizer.gradientLimit = 1
    return configuration
  }
}
