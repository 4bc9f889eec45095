import Basics
import Models
import Networks

/// The settings that a caption decoder's weights depend on besides data and `TrainingConfiguration`. The defaults are
/// those of DCASE 2024's baseline.
package struct CaptionRecipe: Codable, Sendable, Equatable {
  /// The training data: audio clips with their sentences, or only sentences, each with its own text embedding in place
  /// of an audio embedding.
  package enum Source: String, Codable, Sendable, CaseIterable { case audio, texts }

  package var decoder: CaptionDecoder
  package var source = Source.audio
  /// Label smoothing: the share of the target probability that is spread over all words.
  package var smoothing = 0.2
  /// α of the Beta distribution from which two sentences' shares are drawn; 0: no mixup.
  package var mixup = 0.4
  /// Deviation of the Gaussian noise that is added to each value of an embedding of length one.
  package var noise = 0.0
  /// The number of beams when validation clips are captioned.
  package var beams = 3

  package init(_ decoder: CaptionDecoder) { self.decoder = decoder }

  /// The default `TrainingConfiguration` for captions.
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
