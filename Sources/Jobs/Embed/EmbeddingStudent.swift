import Basics
import Distillation
import Runs
import Wav2CLIP

/// The weights to embed with: of a file, or of a run's checkpoint.
struct EmbeddingStudent {
  let weights: FrozenStudent
  let metadata: [String: String]
  /// Changes when the weights do.
  let identity: String
  private let file: String?

  init(_ settings: EmbeddingSettings) throws {
    file = settings.weights
    if let path = settings.weights {
      (weights, metadata) = try StudentFile.read(path)
      let bytes = try MappedFile(path)
      identity = withExtendedLifetime(bytes) { "\(bytes.bytes.count) \(checksum(bytes.bytes))" }
    } else {
      let trained: TrainedStudent
      do {
        trained = try TrainedStudent(workspace: settings.workspace, run: settings.run, checkpoint: settings.checkpoint)
      } catch var failure as Failure where failure.code == "run.none" {
        failure.hint = "--weights FILE names weights; pipeline distill trains some"
        throw failure
      }
      weights = FrozenStudent(trained.parameters)
      metadata = trained.run.teacher.map { ["teacher": $0] } ?? [:]
      identity = "run \(trained.run.identity.hex) step \(trained.state.step)"
    }
  }

  /// For the output's metadata: no path.
  func description() throws -> String { try file.map { "sha256:\(try Digest.ofFile($0).hex)" } ?? identity }
}
