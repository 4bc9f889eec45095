import Basics
import Kernels

/// Everything that a training's weights depend on, and its stop conditions.
package struct TrainingConfiguration: Codable, Sendable, Equatable {
  package var loss = "cx"
  package var normalization = NormalizationScope.clip
  package var batchSize = 128
  package var learningRate = 1e-3
  package var schedule = "plateau"
  /// Epochs over which a schedule with an end runs; not when training stops.
  package var scheduleEpochs = 100
  package var seed: UInt64 = 2021
  /// Pairs every sound with the teacher vectors of another clip: a control that must end at chance.
  package var shuffleTeacher = false
  package var precision = "float32"
  /// Clips that one thread takes at a time: fixes the tree by which sums are formed.
  package var microbatch = 8
  /// Epochs without a better validation loss before training ends; nil: never.
  package var patience: Int? = 10
  package var augmentation = Augmentation()
  package var optimizer = OptimizerSettings()
  /// Digest of the weights that training starts from; nil: random ones.
  package var initialWeights: Digest?

  package init() {}

  /// The name of the run: the digest of all of this, the data, and what the machine's libraries can change.
  package func identity(data: Digest, toolchain: [String: String]) throws -> Digest {
    struct Identity: Encodable {
      var configuration: TrainingConfiguration
      var data: Digest
      var toolchain: [String: String]
      var version = Trainer.version
    }
    return Digest(of: try CanonicalJSON.bytes(Identity(configuration: self, data: data, toolchain: toolchain)))
  }
}

/// When a training ends, and how often it saves. None of it changes a bit of a given step.
package struct TrainingLimits: Sendable {
  package var epochs = 100
  package var steps: Int?
  package var hours: Double?
  package var checkpointEvery = CheckpointInterval.minutes(10)

  package init() {}
}

package enum CheckpointInterval: Sendable, Equatable {
  case steps(Int)
  case minutes(Double)

  /// `50` (steps) or `10m` (minutes).
  package init?(_ text: String) {
    if text.hasSuffix("m"), let minutes = Double(text.dropLast()), minutes > 0 {
      self = .minutes(minutes)
    } else if let steps = Int(text), steps > 0 {
      self = .steps(steps)
    } else {
      return nil
    }
  }
}
