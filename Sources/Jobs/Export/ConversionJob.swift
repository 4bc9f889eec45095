import Audio
import Networks
import Basics
import Training
import Tensors
import Models

/// Writes a weights file in another format. The tensors and metadata stay the same; training state in the file is not
/// copied.
package struct ConversionJob: Sendable {
  package enum Event: Sendable {
    /// The last event.
    case converted(WeightOutput)
  }

  package let input: String
  package let output: String
  package var selection: WeightSelection

  package init(_ input: String, to output: String, selection: WeightSelection = WeightSelection()) {
    (self.input, self.output, self.selection) = (input, output, selection)
  }

  /// The name of the format that would be written.
  package func plan() throws -> String { try WeightFiles.format(for: output).name }

  /// - Throws: errors of reading; `export.read-back` when the new file does not hold the expected bits.
  package func run(_ events: (Event) -> Void) throws {
    let (weights, metadata) = try WeightFiles.read(input)
    let chosen = try selection.of(weights, Model.architecture(of: weights, metadata), for: output)
    let described = try Self.described(metadata, weights, input)
    events(.converted(try WeightOutput.write(chosen, metadata: described, to: output) { _ in }))
  }

  /// Files without a description, such as the public Wav2CLIP.pt, get the reference's front end with normalization over
  /// the clip, and their digest as the source.
  private static func described(
    _ metadata: [String: String], _ weights: NamedTensors, _ input: String
  ) throws -> [String: String] {
    guard weights[Architecture.standard.parameters[0].name] != nil, metadata["n_fft"] == nil else { return metadata }
    var described = FrontEnd.description(.clip).merging(metadata) { $1 }
    described["format"] = "wav2clip"
    described[Model.encoderKey] = try Model.architecture(of: weights, metadata).label
    described["source"] = "sha256:\(try Digest.ofFile(input).hex)"
    return described
  }
}
