import Basics
import Models

/// Audio clips' embeddings and their sentences in tokens: what a decoder for captions is trained on, or held against.
package struct CaptionSamples: Sendable {
  package struct Sentence: Sendable, Equatable {
    /// Which of the audio clips it belongs to.
    package var audio: Int
    /// Without beginning and end.
    package var tokens: [Int]

    package init(audio: Int, tokens: [Int]) { (self.audio, self.tokens) = (audio, tokens) }
  }

  /// Values of an embedding.
  package let width: Int
  /// Of each audio clip its embeddings as the decoder takes them (`CaptionConditioning`), one behind another.
  package let audioClips: [[Float]]
  package let sentences: [Sentence]
  /// Of the sentences: which one comes when depends on these names. In byte order.
  package let ids: [String]
  /// Of each audio clip, all that was said of it: what captions are scored against.
  package let references: [[String]]

  /// - Parameters:
  ///   - names: of the audio clips, in byte order.
  ///   - references: of each audio clip.
  ///   - tokens: of a sentence; none: it is left out.
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
