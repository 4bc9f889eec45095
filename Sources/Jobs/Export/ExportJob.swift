import Audio
import Basics
import Training
import Foundation
import Kernels
import Runs
import Tensors
import Models

/// Which weights of which run are exported, and to which file.
package struct ExportSettings: Sendable {
  package var runs = "runs"
  /// Nil: the run trained last.
  package var run: String?
  package var checkpoint = TrainedModel.Choice.best
  /// Whether to take the moving average that `distill --ema` kept.
  package var averaged = false
  /// The file to write; its extension determines the format.
  package var path: String
  package var selection = WeightSelection()

  package init(path: String) { self.path = path }
}

/// Writes a student's weights to a file for other programs, and reads it back and checks it before it gets its name.
package struct ExportJob: Sendable {
  package enum Event: Sendable {
    /// The last event.
    case exported(Outcome)
  }

  package struct Outcome: Sendable {
    package var file: WeightOutput
    package var run: String
    package var step: Int
    /// The difference between the embeddings of a fixed signal by the file and by the model, relative to the norm: 0
    /// except for float16.
    package var deviation: Float
  }

  package let settings: ExportSettings

  package init(_ settings: ExportSettings) { self.settings = settings }

  /// The largest allowed error of rounding to float16, relative to the embedding's norm.
  private static let mostDeviation: Float = 0.02

  /// The run and the step that would be exported.
  /// - Throws: the errors of `TrainedModel`.
  package func plan() throws -> (run: String, step: Int) {
    let trained = try student()
    return (trained.run.name, trained.state.step)
  }

  /// - Throws: `export.drift` when the file, read back, embeds a fixed signal differently from the model,
  ///   `export.read-back` when it holds other bits than were written; then no file is left.
  package func run(_ events: (Event) -> Void) throws {
    let (trained, path, selection) = (try student(), settings.path, settings.selection)
    let weights = try selection.of(try trained.weights(), trained.architecture, for: path)
    var deviation: Float = 0
    let file = try WeightOutput.write(weights, metadata: try Self.metadata(trained), to: path) { found in
      deviation = try Self.deviation(found, trained, path)
      guard deviation <= (selection.half ? Self.mostDeviation : 0) else { throw Failure.drift(path, found: deviation) }
    }
    events(.exported(Outcome(file: file, run: trained.run.name, step: trained.state.step, deviation: deviation)))
  }

  private func student() throws -> TrainedModel {
    try TrainedModel(
      runs: settings.runs, run: settings.run, checkpoint: settings.checkpoint, averaged: settings.averaged)
  }

  /// The front end's parameters and the origin of the weights; no path, host or time.
  private static func metadata(_ trained: TrainedModel) throws -> [String: String] {
    var metadata = FrontEnd.description(trained.run.configuration.normalization)
    metadata["run"] = trained.run.identity.hex
    metadata["data"] = trained.run.data.hex
    metadata["step"] = "\(trained.state.step)"
    metadata["loss"] = trained.run.configuration.loss
    metadata["recipe"] = try CanonicalJSON.text(trained.run.configuration)
    metadata["toolchain"] = try CanonicalJSON.text(trained.run.toolchain)
    metadata["teacher"] = trained.run.teacher ?? "unknown"
    if let parent = trained.run.parent { metadata["parent"] = try CanonicalJSON.text(parent) }
    metadata["version"] = ToolVersion.text
    metadata["format"] = "wav2clip"
    metadata[Model.encoderKey] = trained.architecture.label
    return metadata
  }

  /// A second of a rising tone with fixed noise.
  private static let signal: [Float] = {
    var random = SeededRandom(seed: 1, for: "export")
    return (0..<16_000).map { i in
      let t = Double(i) / 16_000
      return Float(0.4 * sine(2 * .pi * (200 + 600 * t) * t) + 0.02 * (2 * random.uniform() - 1))
    }
  }()

  private static func deviation(_ found: NamedTensors, _ trained: TrainedModel, _ path: String) throws -> Float {
    var metadata: [String: String] = [:]
    metadata[Model.encoderKey] = trained.architecture.label
    let model = try Model(found, metadata: metadata, source: path)
    let expected = try embed(trained.model(), projects: model.projection != nil)
    let read = try embed(model, projects: model.projection != nil)
    var (distance, norm) = (Float(0), Float(0))
    for (a, b) in zip(expected, read) {
      distance += (a - b) * (a - b)
      norm += a * a
    }
    return (distance / max(norm, .leastNormalMagnitude)).squareRoot()
  }

  private static func embed(_ model: Model, projects: Bool) throws -> [Float] {
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let embedder = Embedder(
      model, samples: signal.count, project: projects, backend: FastBackend(), threads: threads)
    return try embedder.embed(1, scope: .clip) { _, place in place.update(from: signal, count: signal.count) }.values
  }
}
