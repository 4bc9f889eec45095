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

  init(_ settings: EmbeddingSettings) throws {
    file = settings.weights
    if let path = settings.weights {
      model = try Model(file: path)
      let bytes = try MappedFile(path)
      identity = withExtendedLifetime(bytes) { "\(bytes.bytes.count) \(checksum(bytes.bytes))" }
    } else {
      let trained: TrainedModel
      do {
        trained = try TrainedModel(run: settings.run, checkpoint: settings.checkpoint)
      } catch var failure as Failure where failure.code == "run.none" {
        failure.hint = "--weights FILE names weights; pipeline distill trains some"
        throw failure
      }
      model = try trained.model(metadata: trained.run.teacher.map { ["teacher": $0] } ?? [:])
      identity = "run \(trained.run.identity.hex) step \(trained.state.step)"
    }
  }

  /// A description for the output's metadata; contains no path.
  func description() throws -> String { try file.map { "sha256:\(try Digest.ofFile($0).hex)" } ?? identity }
}
