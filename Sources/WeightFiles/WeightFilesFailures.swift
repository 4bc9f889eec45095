// The sentences of this module.

import Basics

extension Failure {
  static func weightExtension(_ path: String, _ ending: String, known: [String]) -> Failure {
    Failure(
      "weights.extension", "no weight format has this ending", on: path, found: ending.isEmpty ? "none" : ".\(ending)",
      expected: known.map { ".\($0)" }.joined(separator: ", "),
      hint: nearest(ending, in: known).map { "did you mean .\($0)?" }, exit: .usage)
  }
}
