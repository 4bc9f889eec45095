import Basics
import Kernels
import Models
import Networks
import Training

/// What `pipeline caption train` is asked to do.
package struct CaptionTrainSettings: Sendable {
  /// Audio clips in whose place a decoder sees its sentences' own embeddings.
  package struct Texts: Sendable {
    /// How audio clips' embeddings take the place of texts' where the decoder is used.
    package enum Bridge: String, Sendable, CaseIterable {
      /// As they are: training adds noise to texts' embeddings, so that the decoder does not mind how far off they are.
      case noise
      /// Put together of the training texts' embeddings that are near.
      case projection
    }

    package var bridge: Bridge
    /// The embedding of each sentence, all of one width.
    package var embeddings: @Sendable ([String]) throws -> [[Float]]

    package init(_ bridge: Bridge, embeddings: @escaping @Sendable ([String]) throws -> [[Float]]) {
      (self.bridge, self.embeddings) = (bridge, embeddings)
    }
  }

  /// Of audio clips to train on and of those that are kept out; with `texts` the first is not looked at.
  package var embeddings: String?
  package var validationEmbeddings: String?
  /// Sentences by the ids of audio clips.
  package var captions: [String: [String]] = [:]
  package var validationCaptions: [String: [String]] = [:]
  package var texts: Texts?

  /// Its inputs and vocabulary come from the data.
  package var decoder = CaptionDecoder(inputs: 1, vocabulary: 4)
  package var kind = CaptionVocabulary.Kind.words
  /// Cuts a sentence into tokens; nil: into words.
  package var cut: (@Sendable (String) -> [String])?
  /// Tokens that come less often are not known.
  package var floor = 1
  package var smoothing = 0.2
  package var mixup = 0.4
  package var noise = 0.0
  package var beams = 3
  package var configuration = CaptionRecipe.configuration()
  package var limits = TrainingLimits()
  /// Whether the captioner keeps what it was trained on, for `--nearest`.
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
