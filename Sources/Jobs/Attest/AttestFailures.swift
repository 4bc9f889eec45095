import Basics

/// The error messages of this module.
extension Failure {
  static func weightsChanged(_ path: String, found: Digest, expected: Digest) -> Failure {
    Failure(
      "weights.changed", "not the file that was signed", on: path, found: "sha256 \(found.short)",
      expected: expected.short)
  }

  static func noProvenance(_ path: String) -> Failure {
    Failure(
      "retrain.unknown", "the statement does not say how the weights were made", on: path,
      expected: "one of pipeline export --attest")
  }

  static func otherInputs(_ directory: String, _ differences: [String]) -> Failure {
    let shown = differences.prefix(3).joined(separator: "; ")
    return Failure(
      "retrain.input", "an input is not the one that the weights were made of", on: directory,
      found: differences.count > 3 ? "\(shown); \(differences.count - 3) more" : shown)
  }

  static func otherRun(found: String, expected: String) -> Failure {
    Failure(
      "retrain.input", "an input is not the one that the weights were made of: settings, program or first weights",
      found: "run \(found)", expected: expected, hint: "use the version of this program that the statement names")
  }

  static func startUnnamed(_ parent: String?) -> Failure {
    Failure(
      "retrain.input", "training started from weights that are not named here", found: parent ?? "a file",
      hint: "--init FILE names them", exit: .usage)
  }

  static func otherClaim(_ path: String, _ what: String, found: String, expected: String) -> Failure {
    Failure(
      "retrain.claim", "the statement says something else of the weights than was found", on: "\(path), \(what)",
      found: found, expected: expected)
  }

  static func otherBytes(_ path: String, found: Digest, expected: Digest) -> Failure {
    Failure(
      "retrain.differs", "trained again, the weights are others", on: path, found: "sha256 \(found.short)",
      expected: expected.short)
  }
}
