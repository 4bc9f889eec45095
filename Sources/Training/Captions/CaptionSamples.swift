import Basics
import Models

/// Sounds' vectors and their sentences in tokens: what a decoder for captions is trained on, or held against.
package struct CaptionSamples: Sendable {
  package struct Sentence: Sendable, Equatable {
    /// Which of the sounds it belongs to.
    package var sound: Int
    /// Without beginning and end.
    package var tokens: [Int]

    package init(sound: Int, tokens: [Int]) { (self.sound, self.tokens) = (sound, tokens) }
  }

  /// Values of a vector.
  package let width: Int
  /// Of each sound its vectors as the decoder takes them (`CaptionConditioning`), one behind another.
  package let sounds: [[Float]]
  package let sentences: [Sentence]
  /// Of the sentences: which one comes when depends on these names. In byte order.
  package let ids: [String]
  /// Of each sound, all that was said of it: what captions are scored against.
  package let references: [[String]]

  /// - Parameters:
  ///   - names: of the sounds, in byte order.
  ///   - references: of each sound.
  ///   - tokens: of a sentence; none: it is left out.
  package init(
    width: Int, names: [String], sounds: [[Float]], references: [[String]], tokens: (String) -> [Int]
  ) {
    (self.width, self.sounds, self.references) = (width, sounds, references)
    var found: [(id: String, sentence: Sentence)] = []
    for (sound, sentences) in references.enumerated() {
      for (number, sentence) in sentences.enumerated() {
        let tokens = tokens(sentence)
        if !tokens.isEmpty { found.append(("\(names[sound])\0\(number)", Sentence(sound: sound, tokens: tokens))) }
      }
    }
    found.sort { precedesInBytes($0.id, $1.id) }
    (ids, sentences) = (found.map(\.id), found.map(\.sentence))
  }

  package var mostFrames: Int { sounds.map { $0.count / width }.max() ?? 0 }
  package var mostTokens: Int { sentences.map(\.tokens.count).max() ?? 0 }
}
