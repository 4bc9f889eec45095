import Basics
import Shards
import Training

/// The origin of weights: everything needed to make them again. Contains no path, host or time.
package struct Provenance: Codable, Sendable, Equatable {
  package struct Shard: Codable, Sendable, Equatable {
    package var name: String
    package var sha256: Digest
  }

  /// A weights file made from a run's checkpoint.
  package struct Output: Codable, Sendable, Equatable {
    package var averaged: Bool
    package var half: Bool
    /// Which tensors it holds; nil for all that the format supports.
    package var parts: String?

    package init(averaged: Bool, half: Bool, parts: String?) {
      (self.averaged, self.half, self.parts) = (averaged, half, parts)
    }
  }

  /// The machine that made the weights again and got the same bytes; nil in the first statement.
  package struct Retraining: Codable, Sendable, Equatable {
    package var instructionSet: String
    package var threads: Int
    /// Digest of the statement that it confirms.
    package var statement: Digest

    package init(instructionSet: String, threads: Int, statement: Digest) {
      (self.instructionSet, self.threads, self.statement) = (instructionSet, threads, statement)
    }
  }

  package var run: Digest
  package var step: Int
  package var configuration: TrainingConfiguration
  package var parent: RunParent?
  package var teacher: String?
  package var data: Digest
  /// The shards that the run was trained and validated on, by name.
  package var shards: [Shard]
  package var program: String
  /// Properties of the libraries and tools that can affect the weights.
  package var libraries: [String: String]
  package var output: Output
  package var retrained: Retraining?

  /// - Parameter shards: the directory with the run's shards.
  /// - Throws: `attest.data` when they are not the shards that the run was trained on.
  package init(_ trained: TrainedModel, output: Output, shards directory: String) throws {
    let run = trained.run
    let set = try TrainingSet(directory: directory)
    shards = try Self.names(set).map { Shard(name: $0, sha256: try Digest.ofFile("\(directory)/\($0)")) }
    guard Self.digest(shards) == run.data else { throw Failure.otherShards(run.name, directory) }
    (self.run, step, configuration, parent) = (run.identity, trained.state.step, run.configuration, run.parent)
    (teacher, data, program, libraries) = (run.teacher, run.data, ToolVersion.text, run.toolchain)
    self.output = output
  }

  /// Lists the shards of a directory that differ from the recorded ones, with the difference.
  /// - Returns: empty when all are the same.
  package func differences(from directory: String) throws -> [String] {
    let set = try TrainingSet(directory: directory)
    let known = Dictionary(shards.map { ($0.name, $0.sha256) }) { first, _ in first }
    let found = Set(Self.names(set))
    let extra = found.subtracting(known.keys).sorted().map { "\($0) is not among them" }
    return try shards.compactMap { shard in
      guard found.contains(shard.name) else { return "\(shard.name) is missing" }
      let now = try Digest.ofFile("\(directory)/\(shard.name)")
      return now == shard.sha256 ? nil : "\(shard.name) has other bytes (\(now.short), not \(shard.sha256.short))"
    } + extra
  }

  /// The shards of all splits but test, in the order of `TrainingData`.
  private static func names(_ set: TrainingSet) -> [String] {
    set.splits.filter { $0 != .test }.flatMap { set.shards[$0] ?? [] }
  }

  /// Computed in the same way as `TrainingData.digest`.
  private static func digest(_ shards: [Shard]) -> Digest {
    let hasher = DigestBuilder()
    for shard in shards {
      hasher.update(field: shard.name)
      hasher.update(field: shard.sha256.hex)
    }
    return hasher.finish()
  }
}
