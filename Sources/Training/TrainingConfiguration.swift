import Audio
import Basics
import Kernels

/// The settings that a training's weights depend on, and its patience.
package struct TrainingConfiguration: Codable, Sendable, Equatable {
  /// The encoder's name; nil for the standard one, which is never named.
  package var encoder: String?
  package var loss = "cx"
  package var normalization = NormalizationScope.clip
  package var batchSize = 128
  package var learningRate = 1e-3
  package var schedule = "plateau"
  /// The length of a schedule that has an end, in epochs. It does not stop training.
  package var scheduleEpochs = 100
  package var seed: UInt64 = 2021
  /// Pairs audio clips with the teacher embeddings of other clips: a control whose result must be at chance level.
  package var shuffleTeacher = false
  package var precision = "float32"
  /// Clips that one thread takes at a time. It fixes the tree by which sums are computed.
  package var microbatch = 8
  /// Validated epochs without a better validation loss before training ends; nil: no early stop. It is not part of the
  /// run's identity: with more patience, the same run continues.
  package var patience: Int? = 10
  package var augmentation = Augmentation()
  package var optimizer = OptimizerSettings()
  /// Digest of the weights that training starts from; nil: random weights.
  package var initialWeights: Digest?

  package init() {}

  /// Missing values get their defaults: options that were added later are off in older runs.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func set<T: Decodable>(_ place: inout T, _ key: CodingKeys) throws {
      if let value = try values.decodeIfPresent(T.self, forKey: key) { place = value }
    }
    encoder = try values.decodeIfPresent(String.self, forKey: .encoder)
    try set(&loss, .loss)
    try set(&normalization, .normalization)
    try set(&batchSize, .batchSize)
    try set(&learningRate, .learningRate)
    try set(&schedule, .schedule)
    try set(&scheduleEpochs, .scheduleEpochs)
    try set(&seed, .seed)
    try set(&shuffleTeacher, .shuffleTeacher)
    try set(&precision, .precision)
    try set(&microbatch, .microbatch)
    try set(&augmentation, .augmentation)
    try set(&optimizer, .optimizer)
    patience = try values.decodeIfPresent(Int.self, forKey: .patience)
    initialWeights = try values.decodeIfPresent(Digest.self, forKey: .initialWeights)
    // A statement or a record is untrusted; values from the command line are checked elsewhere.
    guard (1...1 << 20).contains(microbatch), (2...1 << 24).contains(batchSize),
      (0...16).contains(augmentation.spectrogramMasks),
      augmentation.cropSeconds.map({ (0.01...3600).contains($0) }) ?? true
    else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a number that no training can have"))
    }
  }

  /// The name of the run: a digest of the configuration without the patience, the data, and the libraries that can
  /// change the result.
  package func identity(data: Digest, toolchain: [String: String]) throws -> Digest {
    struct Identity: Encodable {
      var configuration: TrainingConfiguration
      var data: Digest
      var toolchain: [String: String]
      var version = Trainer.version
    }
    var endless = self
    endless.patience = nil
    return Digest(of: try CanonicalJSON.bytes(Identity(configuration: endless, data: data, toolchain: toolchain)))
  }
}

/// When a training ends, and how often it validates and saves.
package struct TrainingLimits: Sendable {
  package var epochs = 100
  package var steps: Int?
  package var hours: Double?
  package var checkpointEvery = CheckpointInterval.minutes(10)
  /// Validation runs every this many epochs, and after the last one.
  package var validateEvery = 1

  package init() {}

  /// The limits by name, without the checkpoint interval, which does not change the weights.
  package var values: [String: String] {
    [
      "epochs": "\(epochs)", "steps": steps.map { "\($0)" } ?? "no limit",
      "maxHours": hours.map { "\($0)" } ?? "no limit",
      "validateEvery": "\(validateEvery)",
    ]
  }
}

package enum CheckpointInterval: Sendable, Equatable, CustomStringConvertible {
  case steps(Int)
  case minutes(Double)

  package var description: String {
    switch self {
    case .steps(let count): "\(count)"
    case .minutes(let count): count == count.rounded() ? "\(Int(count))m" : "\(count)m"
    }
  }

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
