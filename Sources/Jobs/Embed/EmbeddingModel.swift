import Basics
import Models
import Runs
import Training
import Wav2CLIP

/// The weights to embed with, from a file or a run's checkpoint.
struct EmbeddingModel {
  let model: Model
  /// Changes when the weights do.
  let identity: String
  private let file: String?

  /// - Throws: the errors of `ModelSource`; errors of opening the file or the run.
  init(_ settings: EmbeddingSettings) throws {
    switch try ModelSource(weights: settings.weights, run: settings.run, checkpoint: settings.checkpoint) {
    case .file(let path):
      file = path
      model = try Model(file: path)
      let bytes = try MappedFile(path)
      identity = withExtendedLifetime(bytes) { "\(bytes.bytes.count) \(checksum(bytes.bytes))" }
    case .run(let name):
      file = nil
      let trained = try TrainedModel(run: name, checkpoint: settings.checkpoint ?? .best)
      model = try trained.model(metadata: trained.run.teacher.map { ["teacher": $0] } ?? [:])
      identity = "run \(trained.run.identity.hex) step \(trained.state.step)"
    }
  }

  /// A description for the output's metadata; contains no path.
  func description() throws -> String { try file.map { "sha256:\(try Digest.ofFile($0).hex)" } ?? identity }
}
