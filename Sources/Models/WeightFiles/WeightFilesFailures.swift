// Failures of weight files.

import Basics

extension Failure {
  static func weightExtension(_ path: String, _ ending: String, known: [String]) -> Failure {
    Failure(
      "weights.extension", "no weight format has this ending", on: path, found: ending.isEmpty ? "none" : ".\(ending)",
      expected: known.map { ".\($0)" }.joined(separator: ", "),
      hint: ending.isEmpty ? "\(path).bin" : nearest(ending, in: known).map { "did you mean .\($0)?" }, exit: .usage)
  }

  static func onnx(_ place: String, _ found: String, _ expected: String) -> Failure {
    Failure(
      "onnx.content", "the ONNX file or its weights are not what they should be", on: place, found: found,
      expected: expected)
  }

  static func onnxOperator(_ layer: String) -> Failure {
    Failure(
      "onnx.operator", "ONNX files are not written with this layer", on: layer,
      expected: "the layers of the audio encoders")
  }
}
