import Basics

/// The sentences of this module.
extension Failure {
  static func captionVectors(_ path: String, _ key: String, _ problem: String) -> Failure {
    Failure("caption.vectors", "a sound's vectors cannot be used", on: "\(path), \(key)", found: problem)
  }

  static func captionsNone(_ what: String) -> Failure {
    Failure(
      "caption.none", "no sound has both vectors and a sentence", on: what,
      hint: "ids of the captions have to be those of the clips", exit: .usage)
  }

  static func captionWidth(_ what: String, found: Int, expected: Int) -> Failure {
    Failure(
      "caption.width", "the vectors have another width than the captioner takes", on: what, found: "\(found)",
      expected: "\(expected)", hint: "the captioner was trained on another encoder's vectors")
  }

  static func captionNoNeighbors(_ path: String) -> Failure {
    Failure(
      "caption.neighbors", "the captioner keeps no sentences of its training", on: path,
      hint: "pipeline caption train --keep-neighbors", exit: .usage)
  }

  static func captionRanks(_ found: [String]) -> Failure {
    Failure(
      "ranks.differ", "the ranks would not train the same captioner", on: "pipeline caption train",
      found: found.joined(separator: ", "), hint: "every rank needs the same words, files and program", exit: .usage)
  }

  static func captionTextVectors(_ sentence: String) -> Failure {
    Failure(
      "caption.text-vectors", "a sentence has no vector", on: "--text-vectors", found: sentence,
      hint: "pipeline embed --clip DIR --texts FILE writes them; a sentence is its own key")
  }

  static func captionDecoder(_ problem: String) -> Failure {
    Failure("caption.decoder", "there is no such decoder", found: problem, exit: .usage)
  }
}
