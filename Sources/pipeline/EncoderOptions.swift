import ArgumentParser
import Basics
import Runs

/// Which audio encoder is used: the weights of a file or of a run.
struct EncoderOptions: ParsableArguments {
  @Option(
    help: .value(
      "file",
      "Weights of the audio encoder: .bin, .pt, .safetensors or .onnx. (default: the run trained last, else \(ModelSource.usualFile))"
    ))
  var weights: String?
  @Option(
    name: .customLong("run"),
    help: .value("name", "A run in place of a file: its name, its identity, or the beginning of either."))
  var runName: String?

  /// Whether the user names one.
  var isGiven: Bool { weights != nil || runName != nil }

  func validate() throws { try check() }

  /// - Parameter checkpoint: which weights of a run.
  func check(checkpoint: TrainedModel.Choice? = nil) throws {
    do { try ModelSource.check(weights: weights, run: runName, checkpoint: checkpoint) } catch let failure as Failure {
      throw ValidationError("\(failure)")
    }
  }
}
