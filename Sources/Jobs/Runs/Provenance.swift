import Basics
import Shards
import Training

/// Where weights come from: all that making them again takes. No path, host or clock is in it.
package struct Provenance: Codable, Sendable, Equatable {
  package struct Shard: Codable, Sendable, Equatable {
    package var name: String
    package var sha256: Digest
  }

  /// A file of weights made of a run's checkpoint.
  package struct Output: Codable, Sendable, Equatable {
    package var averaged: Bool
    package var half: Bool
    /// Which tensors; nil: all that the format carries.
    package var parts: String?

    package init(averaged: Bool, half: Bool, parts: String?) {
      (self.averaged, self.half, self.parts) = (averaged, half, parts)
    }
  }

  /// The machine that made them again and found the same bytes; nil in the first statement.
  package struct Retraining: Codable, Sendable, Equatable {
    package var instructionSet: String
    package var threads: Int
    /// Of the statement that it confirms.
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
  /// Those that the run was trained and validated on, by name.
  package var shards: [Shard]
  package var program: String
  /// What of libraries can change the weights.
  package var libraries: [String: String]
  package var output: Output
  package var retrained: Retraining?

  /// - Parameter shards: the directory with the run's shards.
  /// - Throws: `attest.data` where they are not those that the run was trained on.
  package init(_ trained: TrainedModel, output: Output, shards directory: String) throws {
    let run = trained.run
    let set = try TrainingSet(directory: directory)
    shards = try Self.names(set).map { Shard(name: $0, sha256: try Digest.ofFile("\(directory)/\($0)")) }
    guard Self.digest(shards) == run.data else { throw Failure.otherShards(run.name, directory) }
    (self.run, step, configuration, parent) = (run.identity, trained.state.step, run.configuration, run.parent)
    (teacher, data, program, libraries) = (run.teacher, run.data, ToolVersion.text, run.toolchain)
    self.output = output
  }

  /// Which shards of a directory are not the ones that are named here, with what was found.
  /// - Returns: empty where all are the same.
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

  /// All but those of test, in the order of `TrainingData`.
  private static func names(_ set: TrainingSet) -> [String] {
    set.splits.filter { $0 != .test }.flatMap { set.shards[$0] ?? [] }
  }

  /// As `TrainingData.digest` forms it.
  private static func digest(_ shards: [Shard]) -> Digest {
    let hasher = DigestBuilder()
    for shard in shards {
      hasher.update(field: shard.name)
      hasher.update(field: shard.sha256.hex)
    }
    return hasher.finish()
  }
}
