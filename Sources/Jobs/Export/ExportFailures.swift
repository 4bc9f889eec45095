import Basics

/// The error messages of this module.
extension Failure {
  static func readBack(_ path: String, _ found: String) -> Failure {
    Failure(
      "export.read-back", "the file, read back, is not what was written", on: path, found: found,
      expected: "the same bits", hint: "check the disk; a file that was there before is untouched")
  }

  static func halfNotCarried(_ path: String, _ format: String) -> Failure {
    Failure(
      "weights.half", "this format is written in float32 alone", on: path, found: "--half for \(format)",
      hint: "write .safetensors, .bin or .pt", exit: .usage)
  }

  static func partsNotCarried(_ path: String, _ format: String) -> Failure {
    Failure(
      "weights.parts", "this format holds what embeds audio and nothing else", on: path,
      found: "--parts all for \(format)", expected: "--parts audio or encoder", exit: .usage)
  }

  static func noPart(_ path: String, _ parts: String, among names: [String]) -> Failure {
    Failure(
      "weights.none", "none of the tensors belongs to the parts that are asked for", on: path,
      found: names.prefix(3).joined(separator: ", "), expected: "names that begin with audio_encoder.",
      hint: "--parts all takes every tensor (now: \(parts))")
  }

  static func halfRange(_ name: String) -> Failure {
    Failure(
      "weights.range", "a weight does not fit float16", on: name, expected: "at most 65504",
      hint: "export without --half")
  }

  package static func drift(_ path: String, found: Float) -> Failure {
    Failure(
      "export.drift", "the file, read back, gives another embedding than the model", on: path,
      found: "\(found) of the norm",
      expected: "0, with --half at most 0.02")
  }
}
