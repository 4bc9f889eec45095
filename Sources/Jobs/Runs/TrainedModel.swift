import Basics
import Foundation
import Models
import Networks
import Tensors
import Training

/// A run with checkpoints, to be exported or evaluated.
package struct TrainedModel {
  package enum Choice: Sendable, Equatable {
    /// The best by validation if there was any, otherwise the last.
    case best
    case last
    case step(Int)

    package init?(_ text: String) {
      switch text {
      case "best": self = .best
      case "last": self = .last
      default:
        guard let step = Int(text), step >= 0 else { return nil }
        self = .step(step)
      }
    }
  }

  package let run: RunDescription
  package let directory: String
  package let architecture: Architecture
  package let learner: Learner
  /// The weights, or their moving average.
  package let parameters: Parameters
  package let state: TrainingState

  /// - Parameters:
  ///   - name: the name of a run, or a prefix of it; nil for the one trained last.
  ///   - averaged: whether to take the moving average that `distill --ema` kept.
  /// - Throws: `run.unknown`, `run.ambiguous`, `run.none`, `run.empty`; for a checkpoint that cannot be loaded, the
  ///   reason and the step of one that can.
  package init(
    runs: String = "runs", run name: String?, checkpoint: Choice, averaged: Bool = false
  ) throws {
    let chosen = try RunList(runs).chosen(name)
    (directory, run) = (chosen.directory, chosen.description)
    architecture = try .named(run.configuration.encoder)
    let objective = try DistillationObjective(run.configuration.loss)
    learner = Learner(
      try architecture.parameters
        + objective.parameters(
          encoder: architecture.width, target: run.teacherWidth ?? RunDescription.usualTeacherWidth),
      averages: run.configuration.optimizer.averageDecay != nil)
    if averaged {
      guard let average = learner.average else { throw Failure.noAverage(run.name) }
      parameters = average
    } else {
      parameters = learner.parameters
    }
    let checkpoints = CheckpointDirectory(existing: "\(directory)/checkpoints")
    guard let last = checkpoints.steps.last else { throw Failure.noCheckpoint(directory) }
    do {
      switch checkpoint {
      case .step(let step): state = try checkpoints.load(step, into: learner)
      case .last: state = try checkpoints.load(last, into: learner)
      case .best:
        let latest = try checkpoints.load(last, into: learner)
        if let best = latest.best { state = try checkpoints.load(best.step, into: learner) } else { state = latest }
      }
    } catch var failure as Failure {
      failure.hint = Self.wayOut(checkpoints, learner, run: run.name)
      throw failure
    }
  }

  /// A hint that names another checkpoint. It holds other weights, so the user must decide whether to take it.
  private static func wayOut(_ checkpoints: CheckpointDirectory, _ learner: Learner, run name: String) -> String {
    checkpoints.newestWhole(into: learner).state.map {
      "step \($0.step) is whole: pipeline export weights.bin --run \(name) --checkpoint \($0.step)"
    } ?? "no checkpoint of this run is whole; train it anew: pipeline distill --fresh"
  }

  /// All weights under the reference's names.
  package func weights() throws -> NamedTensors { try StateDictionary.tensors(parameters, steps: state.step) }

  /// The model that embeds audio.
  package func model(metadata: [String: String] = [:]) throws -> Model {
    var metadata = metadata
    metadata[Model.encoderKey] = architecture.label
    metadata["normalization"] = run.configuration.normalization.rawValue
    return try Model(weights(), metadata: metadata, source: directory)
  }
}
