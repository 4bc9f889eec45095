/// Describes audio in a sentence: a trained captioner, or a substitute for one.
package protocol Captioner {
  /// The name of its rows: `captioner 0123456789ab`.
  var name: String { get }

  /// One sentence for each audio clip, in order; the same clip always gets the same sentence, whatever the other clips
  /// are.
  /// - Parameter audioClips: 16 kHz mono in −1…1, each at its own length.
  func captions(of audioClips: [[Float]]) throws -> [String]
}
