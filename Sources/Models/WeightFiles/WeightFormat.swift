// A deployable file format: writes named tensors and text metadata to one file, and reads them back. To add a format,
// add a new file with a conforming type and a line in `builtInWeightFormats`. Only ONNX, whose files also contain the
// graph, knows about models.

import Basics
import Tensors

package protocol WeightFormat: Sendable {
  /// The format's name in messages.
  static var name: String { get }
  /// File name extensions in lower case, without the dot.
  static var extensions: [String] { get }
  /// Whether a file may contain float16 weights.
  static var carriesHalf: Bool { get }
  /// Whether a file contains only the weights that embed audio: no projection of frames, no temperatures.
  static var isAudioOnly: Bool { get }

  /// Writes the whole file or nothing. The same weights and metadata give the same bytes.
  static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws

  /// - Throws: a `Failure` that names the file and what is wrong with it.
  static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String])

  /// Where the tensors are in a mapped file, so that they need not be copied; nil if the format or the file does not
  /// store each of them contiguously.
  /// - Throws: the same errors as `read`.
  static func places(_ file: MappedFile) throws -> (weights: [(String, TensorPlace)], metadata: [String: String])?
}

extension WeightFormat {
  package static var carriesHalf: Bool { true }
  package static var isAudioOnly: Bool { false }
  package static func places(_ file: MappedFile) throws -> (
    weights: [(String, TensorPlace)], metadata: [String: String]
  )? { nil }
}

/// All formats. A new one is one line here.
package let builtInWeightFormats: [any WeightFormat.Type] = [
  TorchWeights.self,
  SafetensorsWeights.self,
  OnnxWeights.self,
]
