import Audio
import Basics
import Evaluation
import Models
import Training

/// Opens models from a weights file or from a run's checkpoint.
extension EvaluatedModel {
  /// - Parameters:
  ///   - weights: a file; nil opens the run.
  ///   - run: its name; nil takes the run trained last, or `weights.bin` when there is none.
  /// - Throws: `usage.weights` when both are named; errors of opening them.
  package static func open(weights: String?, run: String?, runs: String = "runs") throws -> EvaluatedModel {
    switch try ModelSource(weights: weights, run: run, runs: runs) {
    case .file(let path): try EvaluatedModel(file: path)
    case .run(let name): try EvaluatedModel(TrainedModel(runs: runs, run: name, checkpoint: .best))
    }
  }

  /// The run's student; does not look for a weights file.
  package static func open(run: String?, runs: String) throws -> EvaluatedModel {
    try EvaluatedModel(TrainedModel(runs: runs, run: run, checkpoint: .best))
  }

  private init(file path: String) throws {
    let (weights, metadata) = try WeightFiles.read(path)
    let model = try Model(weights, metadata: metadata, source: path)
    let run = metadata["run"].flatMap { Digest(hex: $0)?.short }
    let directory = run.map { "runs/\($0)" }
    self.init(
      model, normalization: model.normalization, run: run, step: metadata["step"].flatMap { Int($0) },
      directory: directory.flatMap { Files.exists("\($0)/run.json") ? $0 : nil }, teacher: metadata["teacher"])
  }

  private init(_ trained: TrainedModel) throws {
    self.init(
      try trained.model(), normalization: trained.run.configuration.normalization,
      run: trained.run.name, step: trained.state.step, directory: trained.directory, teacher: trained.run.teacher)
  }
}
