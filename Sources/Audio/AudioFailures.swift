import Basics

/// The messages of this module.
extension Failure {
  static func flac(_ reason: String) -> Failure {
    Failure("flac.encode", "libsndfile cannot write FLAC", found: reason)
  }

  static func unreadableFlac(_ clip: String, _ found: String) -> Failure {
    Failure("training.sound", "a clip's audio cannot be read from its shard", on: clip, found: found)
  }

  static func hop(_ seconds: Double) -> Failure {
    Failure("embed.hop", "no distance between windows", found: "\(seconds) s", expected: "0.01 to 3600", exit: .usage)
  }

  static func sampleRate(_ rate: Double) -> Failure {
    Failure(
      "embed.rate", "no sample rate that can be resampled", found: "\(rate) Hz",
      expected: "a whole number from 1 to 768000")
  }

  static func notFinite(_ place: Int, _ value: Float) -> Failure {
    Failure("embed.nonfinite", "a sample is no finite number", found: "\(value) at \(place)", expected: "−1…1")
  }
}
