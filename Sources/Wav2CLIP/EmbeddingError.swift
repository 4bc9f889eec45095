import Basics

/// Why an audio clip cannot be embedded, or weights cannot be read.
public struct EmbeddingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Stable and machine-readable, such as `embed.short` or `weights.extension`.
  public let code: String
  /// A readable message: what failed, on what, what was found and expected, and a hint.
  public let description: String

  static func translated<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let failure as Failure {
      throw EmbeddingError(code: failure.code, description: failure.description)
    }
  }
}

/// Failures of this module.
extension Failure {
  static func audioShort(_ samples: Int, expected: Int) -> Failure {
    Failure(
      "embed.short", "the audio is too short to be embedded", found: "\(samples) samples at 16 kHz",
      expected: "at least \(expected)")
  }

  package static func audioLong(_ seconds: Double, most: Double) -> Failure {
    Failure(
      "embed.long", "the audio is too long for one embedding", found: "\((seconds * 10).rounded() / 10) s",
      expected: "at most \(Int(most)) s", hint: "embed it with one embedding a second: --windows, or embedWindows")
  }

  static func weightShape(_ place: String, _ found: [Int], expected: [Int]) -> Failure {
    Failure(
      "weights.shape", "a tensor has another shape than the student's", on: place, found: "\(found)",
      expected: "\(expected)")
  }
}
