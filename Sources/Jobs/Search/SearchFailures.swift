import Basics

/// The error messages of this module.
extension Failure {
  static func searchModel(_ query: String, _ flag: String) -> Failure {
    Failure(
      "search.model", "this is searched with a CLIP model, and none is named", on: query, expected: flag, exit: .usage)
  }

  static func searchWidth(_ path: String, found: Int, model: String, expected: Int) -> Failure {
    Failure(
      "search.width", "the embeddings are not of this model's space", on: path, found: "\(found) wide",
      expected: "\(expected), as \(model) makes them",
      hint: "name the model that the embeddings, or their teacher, come from")
  }

  static func searchEmbeddings(_ path: String, _ reason: String) -> Failure {
    Failure(
      "search.vectors", "the file's embeddings cannot be searched", on: path, found: reason,
      hint: "pipeline embed writes such files")
  }

  static func searchAudio(_ path: String, _ reason: String?) -> Failure {
    Failure(
      "search.sound", "the audio cannot be read", on: path, found: reason, expected: "audio or video of up to 60 s")
  }
}
