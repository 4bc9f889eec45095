// A deployable file format: named tensors and text metadata in, one file out, and back. To add one: a new file with a
// type that conforms, and a line in `builtInWeightFormats`. No format but ONNX, whose files hold the graph too, knows a
// model.

import Basics
import Tensors

package protocol WeightFormat: Sendable {
  /// What the format is called in messages.
  static var name: String { get }
  /// File name endings, lower case, without the dot.
  static var extensions: [String] { get }
  /// Whether float16 weights may stand in a file.
  static var carriesHalf: Bool { get }
  /// Whether a file holds what embeds audio and nothing else: no projection of frames, no temperatures.
  static var isAudioOnly: Bool { get }

  /// Writes the whole file or nothing. The same weights and metadata give the same bytes.
  static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws

  /// - Throws: a `Failure` that names the file and what is not intact in it.
  static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String])

  /// Where the tensors lie in a mapped file, so that they need not be copied; nil where the format or the file does not
  /// lay each out in one piece.
  /// - Throws: as `read`.
  static func places(_ file: MappedFile) throws -> (weights: [(String, TensorPlace)], metadata: [String: String])?
}

extension WeightFormat {
  package static var carriesHalf: Bool { true }
  package static var isAudioOnly: Bool { false }
  package static func places(_ file: MappedFile) throws -> (
    weights: [(String, TensorPlace)], metadata: [String: String]
  )? { nil }
}

/// Every format there is. A new one is one line here.
package let builtInWeightFormats: [any WeightFormat.Type] = [
  TorchWeights.self,
  SafetensorsWeights.self,
  OnnxWeights.self,
]
