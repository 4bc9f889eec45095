import Audio
import Basics
import Distillation
import Kernels
import StageGraph
import Tensors
import WeightFiles

/// The student that an evaluation looks at: from a weights file or from a run's checkpoint.
package struct EvaluatedStudent {
  package let parameters: Parameters
  package let architecture: EncoderArchitecture
  package let normalization: NormalizationScope
  /// SHA-256 over the encoder and its projection, the same for a run and what was exported from it.
  package let digest: Digest
  /// The run's name, where it is known.
  package let run: String?
  /// Where the run lies, where it is there.
  package let folder: String?
  package let teacher: String?

  package static let usualFile = "weights.bin"

  /// - Parameters:
  ///   - weights: a file; nil takes the run.
  ///   - run: its name; nil the one trained last, and without any, `weights.bin`.
  package static func open(weights: String?, run: String?, workspace: String) throws -> EvaluatedStudent {
    if let weights { return try EvaluatedStudent(file: weights) }
    do {
      return try EvaluatedStudent(TrainedStudent(workspace: workspace, run: run, checkpoint: .best))
    } catch var failure as Failure where failure.code == "run.none" && run == nil {
      if Files.exists(usualFile) { return try EvaluatedStudent(file: usualFile) }
      failure.hint = "pipeline distill, or name weights with --weights FILE"
      throw failure
    }
  }

  /// The run's student, without looking for a file.
  static func open(run: String?, workspace: String, runs: String) throws -> EvaluatedStudent {
    try EvaluatedStudent(TrainedStudent(workspace: workspace, runs: runs, run: run, checkpoint: .best))
  }

  private init(file path: String) throws {
    let (weights, metadata) = try WeightFiles.read(path)
    let run = metadata["run"].flatMap { Digest(hex: $0)?.short }
    let folder = run.map { "runs/\($0)" }
    try self.init(
      weights, source: path, normalization: metadata["normalization"].flatMap(NormalizationScope.init) ?? .clip,
      run: run, folder: folder.flatMap { Files.exists("\($0)/run.json") ? $0 : nil }, teacher: metadata["teacher"])
  }

  private init(_ trained: TrainedStudent) throws {
    try self.init(
      try trained.weights(), source: trained.folder, normalization: trained.run.configuration.normalization,
      run: trained.run.name, folder: trained.folder, teacher: trained.run.teacher)
  }

  private init(
    _ weights: NamedTensors, source: String, normalization: NormalizationScope, run: String?, folder: String?,
    teacher: String?
  ) throws {
    architecture = EncoderArchitecture()
    parameters = try StudentWeights.student(weights, architecture, source: source)
    self.normalization = normalization
    self.run = run
    self.folder = folder
    self.teacher = teacher
    let hasher = DigestBuilder()
    for buffer in [parameters.trainable, parameters.running] {
      hasher.update(UnsafeRawBufferPointer(start: buffer.start, count: buffer.count * 4))
    }
    digest = hasher.finish()
  }

  /// The same network as it is before any training.
  func untrained(seed: UInt64) -> Parameters {
    let copy = Parameters(parameters.layout)
    copy.initialise(seed: seed)
    return copy
  }
}
