import Basics

/// The sentences of this module.
extension Failure {
  static func noPublished(_ name: String, known: [String]) -> Failure {
    Failure(
      "published.unknown", "no published scores are kept for this data set", on: name,
      expected: known.joined(separator: ", "), hint: nearest(name, in: known).map { "did you mean \($0)?" },
      exit: .usage)
  }
}
