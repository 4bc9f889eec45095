import Basics
import Kernels

/// A named description of an encoder. Runs and weight files state its name; training, inference, graphs and files use
/// the description.
package struct Architecture: Sendable {
  /// The name in `--encoder`, run.json and weight files.
  package let name: String
  /// From a spectrogram, `[1, height, width]`, to `[width]` values.
  package let layers: [any LayerDescription]
  /// Values of an embedding before a projection.
  package let width: Int

  package init(name: String, layers: [any LayerDescription], width: Int) {
    (self.name, self.layers, self.width) = (name, layers, width)
  }

  /// In the order of files.
  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }

  /// The prefix of the names of an audio encoder's parameters.
  package static let prefix = "audio_encoder."

  /// The architecture of files and runs that state none.
  package static let standard = resNet18

  /// The architecture with that name; for nil, the standard one.
  /// - Throws: `encoder.unknown`.
  package static func named(_ name: String?) throws -> Architecture {
    guard let name else { return standard }
    if let found = builtInArchitectures.first(where: { $0.name == name }) { return found }
    let known = builtInArchitectures.map(\.name)
    throw Failure(
      "encoder.unknown", "no such encoder", on: name, expected: known.joined(separator: ", "),
      hint: nearest(name, in: known).map { "did you mean \($0)?" }, exit: .usage)
  }

  /// The name that files and runs state: nil for the standard one.
  package var label: String? { name == Self.standard.name ? nil : name }
}

/// All architectures. A new one is one file and one line here.
package let builtInArchitectures: [Architecture] = [.resNet18, .resNet34]
