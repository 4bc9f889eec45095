// A deployable file format: named tensors and text metadata in, one file out, and back. To add one: a new file with a
// type that conforms, and a line in `BuiltInWeightFormats`. No format knows a model.

import Basics
import Tensors

package protocol WeightFormat: Sendable {
  /// What the format is called in messages.
  static var name: String { get }
  /// File name endings, lower case, without the dot.
  static var extensions: [String] { get }

  /// Writes the whole file or nothing. The same weights and metadata give the same bytes.
  static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws

  /// - Throws: a `Failure` that names the file and what is not sound in it.
  static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String])
}

/// Every format there is. A new one is one line here.
package let BuiltInWeightFormats: [any WeightFormat.Type] = [
  TorchWeights.self,
  SafetensorsWeights.self,
]
