import Audio
import Basics
import Distillation
import Foundation
import Kernels
import Tensors
import WeightFiles

/// `pipeline export`: a student's weights in a file that others load, read back and checked before it gets its name.
package enum Export {
  package struct Outcome: Sendable {
    package var file: WeightOutput
    package var run: String
    package var step: Int
    /// How far the file's embedding of a fixed signal is from the model's, as a share of its norm: 0 but for float16.
    package var deviation: Float

    package var path: String { file.path }
  }

  /// What rounding weights to float16 may cost: a share of the embedding's norm.
  private static let mostDeviation: Float = 0.02

  /// - Throws: `export.drift` when the file, read back, embeds a fixed signal otherwise than the model, `export.read-back` when
  ///   it holds other bits than were written; then no file is left.
  package static func run(
    _ trained: TrainedStudent, to path: String, selection: WeightSelection = WeightSelection()
  ) throws -> Outcome {
    let weights = try selection.of(try trained.weights(), for: path)
    var deviation: Float = 0
    let file = try WeightOutput.write(weights, metadata: try metadata(trained), to: path) { found in
      deviation = try self.deviation(found, trained, path)
      guard deviation <= (selection.half ? mostDeviation : 0) else { throw Failure.drift(path, found: deviation) }
    }
    return Outcome(file: file, run: trained.run.name, step: trained.state.step, deviation: deviation)
  }

  /// The front end's parameters and where the weights come from; no path, host or clock.
  private static func metadata(_ trained: TrainedStudent) throws -> [String: String] {
    var metadata = FrontEnd.description(trained.run.configuration.normalization)
    metadata["run"] = trained.run.identity.hex
    metadata["data"] = trained.run.data.hex
    metadata["step"] = "\(trained.state.step)"
    metadata["loss"] = trained.run.configuration.loss
    metadata["recipe"] = try CanonicalJSON.text(trained.run.configuration)
    metadata["toolchain"] = try CanonicalJSON.text(trained.run.toolchain)
    metadata["teacher"] = trained.run.teacher ?? "unknown"
    metadata["version"] = ToolVersion.text
    metadata["format"] = "wav2clip"
    return metadata
  }

  /// A second of a rising tone with a fixed noise on it.
  private static let signal: [Float] = {
    var random = SeededRandom(seed: 1, for: "export")
    return (0..<16_000).map { i in
      let t = Double(i) / 16_000
      return Float(0.4 * sin(2 * .pi * (200 + 600 * t) * t) + 0.02 * (2 * random.uniform() - 1))
    }
  }()

  private static func deviation(_ found: NamedTensors, _ trained: TrainedStudent, _ path: String) throws -> Float {
    let architecture = trained.student.architecture
    let parameters = try StudentWeights.student(found, architecture, source: path)
    let projects = found["audio_transform.sequential.0.weight"] != nil
    let expected = try embed(trained.parameters, architecture, projects)
    let read = try embed(parameters, architecture, projects)
    var (distance, norm) = (Float(0), Float(0))
    for (a, b) in zip(expected, read) {
      distance += (a - b) * (a - b)
      norm += a * a
    }
    return (distance / max(norm, .leastNormalMagnitude)).squareRoot()
  }

  private static func embed(
    _ parameters: Parameters, _ architecture: EncoderArchitecture, _ projects: Bool
  ) throws -> [Float] {
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let embedder = try Embedder(
      parameters, architecture, samples: signal.count, project: projects, kernels: FastKernels(), threads: threads)
    return try embedder.embed(1, scope: .clip) { _, place in place.update(from: signal, count: signal.count) }.values
  }
}
