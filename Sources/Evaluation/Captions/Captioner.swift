/// What says in a sentence what is heard: a trained captioner, or whatever stands in for one.
package protocol Captioner {
  /// What its rows are called: `captioner 0123456789ab`.
  var name: String { get }

  /// One sentence for each audio clip, in their order; the same audio clip always gets the same sentence, whatever
  /// stands beside it.
  /// - Parameter audioClips: 16 kHz mono in −1…1, each at its own length.
  func captions(of audioClips: [[Float]]) throws -> [String]
}
