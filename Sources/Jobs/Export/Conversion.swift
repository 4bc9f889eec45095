import Audio
import Basics
import Distillation
import Tensors
import WeightFiles

/// `pipeline convert`: a weights file in another format. The tensors and what is said about them stay the same; training state
/// that stands beside them does not come along.
package enum Conversion {
  /// - Throws: what reading throws; `export.read-back` when the new file does not hold the bits it should.
  package static func run(
    _ input: String, to output: String, selection: WeightSelection = WeightSelection()
  ) throws -> WeightOutput {
    let (weights, metadata) = try WeightFiles.read(input)
    let chosen = try selection.of(weights, for: output)
    return try WeightOutput.write(chosen, metadata: try described(metadata, weights, input), to: output) { _ in }
  }

  /// Files without a description (the public Wav2CLIP.pt) take the reference's front end, normalised over the clip, and are
  /// known by their digest.
  private static func described(
    _ metadata: [String: String], _ weights: NamedTensors, _ input: String
  ) throws -> [String: String] {
    guard weights["audio_encoder.conv1.weight"] != nil, metadata["n_fft"] == nil else { return metadata }
    var described = FrontEnd.description(.clip).merging(metadata) { $1 }
    described["format"] = "wav2clip"
    described["source"] = "sha256:\(try Digest.ofFile(input).hex)"
    return described
  }
}
