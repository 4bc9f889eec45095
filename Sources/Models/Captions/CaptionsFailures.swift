import Basics

/// Failures of captioners.
extension Failure {
  static func notACaptioner(_ path: String, found: String?, expected: String) -> Failure {
    Failure(
      "captioner.format", "the file is not a captioner", on: path, found: found ?? "no format", expected: expected)
  }

  static func captionerPart(_ path: String, _ part: String) -> Failure {
    Failure("captioner.part", "a part of the captioner is missing or is not what it should be", on: "\(path), \(part)")
  }

  static func captionerSize(_ path: String, _ problem: String) -> Failure {
    Failure("captioner.size", "the captioner's decoder has sizes that none has", on: path, found: problem)
  }

  static func captionerVocabulary(_ path: String, _ problem: String) -> Failure {
    Failure("captioner.vocabulary", "the captioner's vocabulary cannot be used", on: path, found: problem)
  }

  static func captionerNumbers(_ path: String, _ part: String) -> Failure {
    Failure("captioner.nonfinite", "the captioner holds numbers that are not finite", on: "\(path), \(part)")
  }
}
