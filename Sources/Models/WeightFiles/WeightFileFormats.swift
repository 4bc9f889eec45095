// Which format a weight file has: its name says.

import Basics
import Tensors

package enum WeightFiles {
  /// The format that a file's ending names, in either case.
  /// - Throws: `weights.extension` with every ending there is, and the nearest.
  package static func format(for path: String) throws -> any WeightFormat.Type {
    let name = Files.name(path)
    let ending = Files.ending(name) ?? ""
    guard let format = builtInWeightFormats.first(where: { $0.extensions.contains(ending) }) else {
      throw Failure.weightExtension(path, ending, known: builtInWeightFormats.flatMap { $0.extensions })
    }
    return format
  }

  /// Writes in the format that the path's ending names; the directory must exist.
  package static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws {
    try format(for: path).write(weights, metadata: metadata, to: path)
  }

  package static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String]) {
    try format(for: path).read(path)
  }

  /// Where the tensors of a mapped file lie; nil where it has to be read.
  package static func places(
    _ file: MappedFile
  ) throws -> (weights: [(String, TensorPlace)], metadata: [String: String])? {
    try format(for: file.path).places(file)
  }
}
