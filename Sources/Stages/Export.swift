import Basics
import Distillation
import Foundation
import Kernels
import Tensors
import WeightFiles

/// `pipeline export`: a student's weights in a file that others load, read back and checked before it gets its name.
package enum Export {
  package struct Outcome: Sendable {
    package var path: String
    package var run: String
    package var step: Int
    package var tensors: Int
    package var bytes: Int
    package var digest: Digest
    /// Whether the file had these bytes already.
    package var wasUpToDate: Bool
  }

  /// - Throws: `export.drift` when the file, read back, embeds a fixed signal otherwise than the model; then no file is left.
  package static func run(_ trained: TrainedStudent, to path: String) throws -> Outcome {
    _ = try WeightFiles.format(for: path)
    let weights = try trained.weights()
    try Files.makeFolder(Files.parent(path))
    let lock = try FileLock("\(Files.parent(path))/.\(Files.name(path)).lock")
    defer {
      withExtendedLifetime(lock) {}
      try? Files.remove("\(Files.parent(path))/.\(Files.name(path)).lock")
    }
    let ending = Files.name(path).split(separator: ".").last.map(String.init) ?? "bin"
    let draft = "\(Files.parent(path))/.\(Files.name(path)).draft.\(ending)"
    defer { try? Files.remove(draft) }
    try WeightFiles.write(weights, metadata: try metadata(trained), to: draft)
    try check(draft, trained)
    let digest = try Digest.ofFile(draft)
    let same = (try? Digest.ofFile(path)) == digest
    if !same {
      try Files.rename(draft, to: path)
      try Files.sync(folder: Files.parent(path))
    }
    return Outcome(
      path: path, run: trained.run.name, step: trained.state.step, tensors: weights.count,
      bytes: try Files.identity(path).size,
      digest: digest, wasUpToDate: same)
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

  private static func check(_ path: String, _ trained: TrainedStudent) throws {
    let (weights, _) = try WeightFiles.read(path)
    let copy = Parameters(trained.student.parameters.layout)
    try StudentWeights.load(weights, into: copy, source: path)
    let (expected, found) = (try embed(trained.student.parameters, trained), try embed(copy, trained))
    var (distance, norm) = (Float(0), Float(0))
    for (a, b) in zip(expected, found) {
      distance += (a - b) * (a - b)
      norm += a * a
    }
    let drift = (distance / max(norm, .leastNormalMagnitude)).squareRoot()
    guard drift == 0 else { throw Failure.drift(path, found: drift) }
  }

  private static func embed(_ parameters: Parameters, _ trained: TrainedStudent) throws -> [Float] {
    let threads = WorkerThreads(1)
    let embedder = try Embedder(
      parameters, trained.student.architecture, samples: signal.count, project: true, kernels: FastKernels(),
      threads: threads)
    return try embedder.embed(1, scope: .clip) { _, place in place.update(from: signal, count: signal.count) }.values
  }
}
