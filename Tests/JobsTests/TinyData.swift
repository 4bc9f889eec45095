import Audio
import Networks
import Basics
import Corpus
import Training
import Foundation
import Runs
import Shards
import Tensors
import Testing

@testable import Media

/// Small inputs for jobs: tones with random teacher embeddings, and a run that was not trained.
enum TinyData {
  /// Writes a set of shards.
  ///
  /// - Parameters:
  ///   - silent: how many of the test clips, from the first on, are digital silence.
  ///   - captions: whether each clip has two captions, of which the first says whether the clip is silent.
  static func shards(
    _ directory: String, train: Int = 4, test: Int = 3, silent: Int = 0, captions: Bool = false
  ) throws {
    try Files.makeDirectory(directory)
    var shards: [Split: [TrainingShard]] = [:]
    for (split, count) in [(Split.train, train), (.test, test)] {
      let writer = try TrainingShardWriter("\(directory)/\(TrainingShard.name(split, 0))")
      for k in 0..<count {
        let words = split == .test && k < silent ? "silence" : "a tone sounds"
        let text = ",\"text\":[\"\(words)\",\"<b>tone</b> number \(k)\"]"
        let seed = UInt64(split == .test ? 100 + k : k)
        try writer.add(
          try #require(ClipID("\(split.rawValue)\(k)")),
          [
            .clip: try NumpyFile.bytes(of: embeddings(seed)),
            .audio: try audio(pitch: split == .test && k < silent ? 0 : 200 + 50 * Double(seed)),
            .record: Array(
              "{\"duration\":10,\"label\":\"kind \(k % 2)\"\(captions ? text : "")}\n".utf8),
          ])
      }
      shards[split] = [try writer.finish()]
    }
    try ShardSetIndex.write(shards, directory: directory)
  }

  private static func embeddings(_ seed: UInt64) -> Tensor {
    var random = SeededRandom(seed: seed)
    return Tensor(shape: [10, 512], floats: (0..<5120).map { _ in Float(random.normal()) })
  }

  private static func audio(pitch: Double) throws -> [UInt8] {
    try FlacEncoder.encode((0..<160_000).map { Int16(9000 * sin(2 * .pi * pitch * Double($0) / 16_000)) }, rate: 16_000)
  }

  /// A run with a checkpoint of initial weights and a log of two steps.
  static func run(_ name: String, in runs: String, learningRate: Double = 1e-3) throws {
    var configuration = TrainingConfiguration()
    configuration.learningRate = learningRate
    let description = RunDescription(
      name: name, identity: Digest(of: name), configuration: configuration, data: Digest(of: "data"),
      toolchain: ["isa": "portable"], clips: ["train": 4], teacher: "test", teacherWidth: 512)
    try Files.makeDirectory("\(runs)/\(name)")
    try Files.write(try CanonicalJSON.bytes(description), to: "\(runs)/\(name)/run.json")
    let architecture = Architecture.standard
    let objective = try DistillationObjective(configuration.loss)
    let student = Learner(try architecture.parameters + objective.parameters(encoder: architecture.width, target: 512))
    student.parameters.initialize(seed: 7)
    var state = TrainingState()
    state.step = 2
    try CheckpointDirectory("\(runs)/\(name)/checkpoints").save(student, state)
    let lines = (1...2).map {
      "{\"epoch\":0,\"kind\":\"step\",\"learningRate\":\(learningRate),\"loss\":\(5 - $0),\"step\":\($0)}\n"
    }
    try Files.write(lines.joined(), to: "\(runs)/\(name)/metrics.jsonl")
  }

  /// Gives a run other weights, saved after `step`.
  static func train(_ name: String, in runs: String, to step: Int) throws {
    let run = try RunDescription(directory: "\(runs)/\(name)")
    let architecture = Architecture.standard
    let objective = try DistillationObjective(run.configuration.loss)
    let student = Learner(try architecture.parameters + objective.parameters(encoder: architecture.width, target: 512))
    student.parameters.initialize(seed: UInt64(step) + 100)
    var state = TrainingState()
    state.step = step
    try CheckpointDirectory("\(runs)/\(name)/checkpoints").save(student, state)
  }

  static func code(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? Failure)?.code ?? "\(error)" }
    return nil
  }
}
