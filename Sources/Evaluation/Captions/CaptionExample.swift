/// The captions of a clip, to be shown beside its audio.
package struct CaptionExample: Codable, Sendable, Equatable {
  package struct Sentence: Codable, Sendable, Equatable {
    /// The row of the table.
    package var row: String
    package var text: String

    package init(row: String, text: String) { (self.row, self.text) = (row, text) }
  }

  package var clip: String
  package var references: [String]
  package var sentences: [Sentence]

  package init(clip: String, references: [String], sentences: [Sentence]) {
    (self.clip, self.references, self.sentences) = (clip, references, sentences)
  }
}
