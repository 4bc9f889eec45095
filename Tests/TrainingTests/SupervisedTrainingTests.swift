import Basics
import Foundation
import Kernels
import Models
import Networks
import Testing

@testable import Training

@Suite("Supervised baseline")
struct SupervisedTrainingTests {
  private static let samples = 8000

  /// Half a second of a tone in noise, or of clicks in noise. Classes that differ only in pitch would be hard for a
  /// network that averages over frequency.
  private func data(_ count: Int) -> SupervisedTraining.Data {
    let targets: [Float] = (0..<2 * count).map { ($0 / 2 + $0) % 2 == 0 ? 1 : 0 }
    return SupervisedTraining.Data(
      names: (0..<count).map { "clip \($0)" }, samples: Self.samples, targets: targets, classes: 2, loss: .softmax
    ) { clip, place in
      var random = SeededRandom(seed: UInt64(clip), for: "tone")
      let pitch = 500 + 2000 * random.uniform()
      for i in 0..<Self.samples {
        let audio = clip % 2 == 0 ? 0.3 * sin(2 * .pi * pitch * Double(i) / 16_000) : i % 800 < 4 ? 0.9 : 0
        place[i] = Float(audio + 0.02 * random.normal())
      }
    }
  }

  private func scores(threads count: Int, seed: UInt64) throws -> [Float] {
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    var configuration = SupervisedTraining.Configuration()
    (configuration.epochs, configuration.batchSize, configuration.seed) = (12, 8, seed)
    let training = try SupervisedTraining(
      data(48), configuration, backend: FastBackend(), threads: threads,
      architecture: Architecture.resNet("tiny", blocks: [2, 2], channels: [16, 32]))
    var losses: [Double] = []
    let directory = FileManager.default.temporaryDirectory.path + "/pipeline-test-\(UUID().uuidString.prefix(8))"
    defer { try? Files.remove(directory) }
    try training.train(Array(0..<24), validation: Array(24..<32), directory: directory) { _, loss, _ in
      losses.append(loss)
    }
    #expect(losses.count == 12 && losses[11] < losses[0] / 4)
    return try training.scores(Array(32..<48))
  }

  @Test("learns different clips, and gives the same bits on one thread and on two")
  func learns() throws {
    let scores = try scores(threads: 1, seed: 3)
    let right = (0..<16).count { (scores[2 * $0] > scores[2 * $0 + 1]) == ($0 % 2 == 0) }
    #expect(right >= 15)
    #expect(try self.scores(threads: 2, seed: 3) == scores)
    #expect(try self.scores(threads: 2, seed: 4) != scores)
  }

  @Test("clips of mixed lengths have the same embeddings together as alone")
  func mixedLengths() throws {
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    let architecture = Architecture.resNet("tiny", blocks: [2, 2], channels: [16, 32])
    let projection = Projection(Projection.audio, inputs: architecture.width, outputs: 32)
    let parameters = Parameters(architecture.parameters + projection.parameters)
    parameters.initialize(seed: 2)
    let model = Model(architecture, parameters, projection: projection)
    var random = SeededRandom(seed: 8)
    let audioClips = [512, 8000, 8100, 8000, 16_000].map { count in
      (0..<count).map { _ in Float(0.1 * random.normal()) }
    }
    let embedder = Embedder(model, project: true, backend: FastBackend(), threads: threads)
    let together = try embedder.embed(audioClips: audioClips)
    for (index, audio) in audioClips.enumerated() {
      let alone = Embedder(
        model, samples: audio.count, project: true, backend: FastBackend(), threads: threads)
      let expected = try alone.embed(1, scope: .clip) { _, place in
        place.update(from: audio, count: audio.count)
      }
      #expect((0..<32).allSatisfy { together[index * 32 + $0] == expected.start[$0] }, "\(audio.count) samples")
    }
  }
}
