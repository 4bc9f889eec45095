import Basics
import Kernels

/// An encoder as a value with a name: runs and weight files name it, and training, inference, graphs and files read it.
package struct Architecture: Sendable {
  /// As `--encoder`, run.json and weight files spell it.
  package let name: String
  /// From a spectrogram, `[1, height, width]`, to `[width]` values.
  package let layers: [any LayerDescription]
  /// Values of an embedding before any projection.
  package let width: Int

  package init(name: String, layers: [any LayerDescription], width: Int) {
    (self.name, self.layers, self.width) = (name, layers, width)
  }

  /// In the order in which files have them.
  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }

  /// What the names of an audio encoder's parameters begin with.
  package static let prefix = "audio_encoder."

  /// The one that is meant where nothing is said: files and runs name every other.
  package static let standard = resNet18

  /// The architecture of that name; nil means the standard one.
  /// - Throws: `encoder.unknown`.
  package static func named(_ name: String?) throws -> Architecture {
    guard let name else { return standard }
    if let found = builtInArchitectures.first(where: { $0.name == name }) { return found }
    let known = builtInArchitectures.map(\.name)
    throw Failure(
      "encoder.unknown", "no such encoder", on: name, expected: known.joined(separator: ", "),
      hint: nearest(name, in: known).map { "did you mean \($0)?" }, exit: .usage)
  }

  /// What files and runs say of it: nil for the standard one.
  package var label: String? { name == Self.standard.name ? nil : name }
}

/// Every architecture there is. A new one is one file and one line.
package let builtInArchitectures: [Architecture] = [.resNet18, .resNet34]
