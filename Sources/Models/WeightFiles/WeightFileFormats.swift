// Chooses the format of a weight file by its name.

import Basics
import Tensors

package enum WeightFiles {
  /// The format of a file's extension, in upper or lower case.
  /// - Throws: `weights.extension` with all known extensions and the nearest one.
  package static func format(for path: String) throws -> any WeightFormat.Type {
    let name = Files.name(path)
    let ending = Files.ending(name) ?? ""
    guard let format = builtInWeightFormats.first(where: { $0.extensions.contains(ending) }) else {
      throw Failure.weightExtension(path, ending, known: builtInWeightFormats.flatMap { $0.extensions })
    }
    return format
  }

  /// Writes in the format of the path's extension; the directory must exist.
  package static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws {
    try format(for: path).write(weights, metadata: metadata, to: path)
  }

  package static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String]) {
    try format(for: path).read(path)
  }

  /// Where the tensors are in a mapped file; nil if the file must be read instead.
  package static func places(
    _ file: MappedFile
  ) throws -> (weights: [(String, TensorPlace)], metadata: [String: String])? {
    try format(for: file.path).places(file)
  }
}
