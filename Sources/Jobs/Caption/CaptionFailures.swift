import Basics

/// The error messages of this module.
extension Failure {
  static func captionEmbeddings(_ path: String, _ key: String, _ problem: String) -> Failure {
    Failure("caption.embeddings", "a clip's embeddings cannot be used", on: "\(path), \(key)", found: problem)
  }

  static func captionsNone(_ what: String) -> Failure {
    Failure(
      "caption.none", "no clip has both an embedding and a caption", on: what,
      hint: "ids of the captions have to be those of the clips", exit: .usage)
  }

  static func captionWidth(_ what: String, found: Int, expected: Int) -> Failure {
    Failure(
      "caption.width", "the embeddings have another width than the captioner takes", on: what, found: "\(found)",
      expected: "\(expected)", hint: "the captioner was trained on another encoder's embeddings")
  }

  static func captionNoWords(floor: Int) -> Failure {
    Failure(
      "caption.vocabulary", "no word comes often enough to be learnt", on: "the training captions",
      expected: floor > 1 ? "words that come \(floor) times" : "a caption with a word", hint: "lower --min-count",
      exit: .usage)
  }

  static func captionNumbers(_ path: String, _ key: String) -> Failure {
    Failure("caption.numbers", "the captioner's scores are no numbers", on: "\(path), \(key)")
  }

  static func captionNoNeighbors(_ path: String) -> Failure {
    Failure(
      "caption.neighbors", "the captioner keeps no captions of its training", on: path,
      hint: "pipeline caption train --keep-neighbors", exit: .usage)
  }

  static func captionDecoder(_ problem: String) -> Failure {
    Failure("caption.decoder", "there is no such decoder", found: problem, exit: .usage)
  }
}
