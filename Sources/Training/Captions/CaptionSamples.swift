import Basics
import Models

/// Audio clips' embeddings and their tokenized sentences, for training or validation of a caption decoder.
package struct CaptionSamples: Sendable {
  package struct Sentence: Sendable, Equatable {
    /// The index of its audio clip.
    package var audio: Int
    /// Without the begin and end tokens.
    package var tokens: [Int]

    package init(audio: Int, tokens: [Int]) { (self.audio, self.tokens) = (audio, tokens) }
  }

  /// Values of an embedding.
  package let width: Int
  /// The embeddings of each audio clip, concatenated, in the form that the decoder takes (`CaptionConditioning`).
  package let audioClips: [[Float]]
  package let sentences: [Sentence]
  /// The ids of the sentences, in byte order. The order of an epoch depends on them.
  package let ids: [String]
  /// The reference captions of each audio clip, against which captions are scored.
  package let references: [[String]]

  /// - Parameters:
  ///   - names: the names of the audio clips, in byte order.
  ///   - references: the reference captions of each audio clip.
  ///   - tokens: the tokens of a sentence; a sentence with none is left out.
  package init(
    width: Int, names: [String], audioClips: [[Float]], references: [[String]], tokens: (String) -> [Int]
  ) {
    (self.width, self.audioClips, self.references) = (width, audioClips, references)
    var found: [(id: String, sentence: Sentence)] = []
    for (audio, sentences) in references.enumerated() {
      for (number, sentence) in sentences.enumerated() {
        let tokens = tokens(sentence)
        if !tokens.isEmpty { found.append(("\(names[audio])\0\(number)", Sentence(audio: audio, tokens: tokens))) }
      }
    }
    found.sort { precedesInBytes($0.id, $1.id) }
    (ids, sentences) = (found.map(\.id), found.map(\.sentence))
  }

  package var mostFrames: Int { audioClips.map { $0.count / width }.max() ?? 0 }
  package var mostTokens: Int { sentences.map(\.tokens.count).max() ?? 0 }
}
