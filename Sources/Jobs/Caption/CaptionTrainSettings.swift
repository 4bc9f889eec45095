import Basics
import Kernels
import Models
import Networks
import Training

/// The settings of `pipeline caption train`.
package struct CaptionTrainSettings: Sendable {
  /// Training on texts: the decoder sees the embeddings of the sentences instead of embeddings of audio clips.
  package struct Texts: Sendable {
    /// How embeddings of audio clips replace those of texts when the decoder is used.
    package enum Bridge: String, Sendable, CaseIterable {
      /// Unchanged: training adds noise to the text embeddings, so that the decoder tolerates the difference.
      case noise
      /// Replaced by a combination of the nearest training texts' embeddings.
      case projection
    }

    package var bridge: Bridge
    /// The embedding of each sentence, all of one width.
    package var embeddings: @Sendable ([String]) throws -> [[Float]]

    package init(_ bridge: Bridge, embeddings: @escaping @Sendable ([String]) throws -> [[Float]]) {
      (self.bridge, self.embeddings) = (bridge, embeddings)
    }
  }

  /// Files with embeddings of the training clips and of the validation clips; with `texts`, the first is not used.
  package var embeddings: String?
  package var validationEmbeddings: String?
  /// Captions by clip id.
  package var captions: [String: [String]] = [:]
  package var validationCaptions: [String: [String]] = [:]
  package var texts: Texts?

  /// The decoder; its inputs and vocabulary are set from the data.
  package var decoder = CaptionDecoder(inputs: 1, vocabulary: 4)
  package var kind = CaptionVocabulary.Kind.words
  /// Splits a sentence into tokens; nil splits it into words.
  package var cut: (@Sendable (String) -> [String])?
  /// Tokens that occur less often are treated as unknown.
  package var floor = 1
  package var smoothing = 0.2
  package var mixup = 0.4
  package var noise = 0.0
  package var beams = 3
  package var configuration = CaptionRecipe.configuration()
  package var limits = TrainingLimits()
  /// Whether the captioner file keeps its training captions and embeddings, for `--nearest`.
  package var keepsNeighbors = false

  package var directory = "captioners"
  package var output = "captioner.safetensors"
  package var metadata: [String: String] = [:]
  package var instructionSet = InstructionSet.best
  package var threads = Machine.processors
  package var fresh = false

  package init() {}

  func tokens(_ sentence: String) -> [String] { cut?(sentence) ?? CaptionWords.split(sentence) }
}
