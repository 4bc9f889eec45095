import Basics
import Foundation
import Kernels
import Networks
import Ranks
import TestSupport
import Testing

@testable import Training

/// Trains a tiny network on noise, with ranks that are threads of this process.
@Suite("Training on several ranks")
struct RankTrainingTests {
  private static let architecture = Architecture.resNet("tiny", blocks: [1, 1], channels: [32, 64])

  private static func clips(_ count: Int, seed: UInt64) -> MemoryClips {
    var random = SeededRandom(seed: seed)
    return MemoryClips(
      ids: (0..<count).map { "clip \(1000 + $0)" },
      waveforms: (0..<count).map { _ in (0..<4000).map { _ in Float(0.1 * random.normal()) } },
      targets: (0..<count).map { _ in (0..<24).map { _ in Float(random.normal()) } })
  }

  private static let train = clips(47, seed: 1)
  private static let validation = clips(23, seed: 2)

  private struct Training: Sendable {
    var configuration = TrainingConfiguration()
    var threads = 1
    var steps = 5
    var clips: any TrainingClips = RankTrainingTests.train

    init() {
      // There are eleven microbatches, of which the last has one clip.
      (configuration.batchSize, configuration.microbatch, configuration.seed) = (21, 2, 9)
      configuration.optimizer.averageDecay = 0.9
    }

    /// Trains on these ranks.
    ///
    /// - Returns: everything that a checkpoint stores of a learner.
    func run(_ directory: String, _ ranks: RankGroup) throws -> [[UInt32]] {
      var limits = TrainingLimits()
      (limits.steps, limits.checkpointEvery) = (steps, .steps(1))
      let crew = WorkerThreads(threads)
      defer { crew.stop() }
      let trainer = try Trainer(
        configuration, limits, train: clips, validation: validation, directory: directory, backend: FastBackend(),
        threads: crew, architecture: architecture, ranks: ranks, report: { _ in })
      try trainer.run()
      return trainer.learner.buffers.map { $0.buffer.values.map(\.bitPattern) }
    }

    /// Trains on `count` ranks; rank 0 writes to `directory`.
    func runAll(_ count: Int, _ directory: String, silence: Double = 30) -> [Result<[[UInt32]], any Error>] {
      RankThreads.run(count, silence: silence) { ranks in
        try run(ranks.isFirst ? directory : "\(directory)-rank-\(ranks.rank)", ranks)
      }
    }
  }

  @Test("every rank ends with the bits of one process, also with more ranks than microbatches", arguments: [1, 2])
  func sameBits(threads: Int) throws {
    let scratch = try Scratch()
    var training = Training()
    let alone = try training.run(scratch["alone"], .alone)
    training.threads = threads
    for count in [2, 3, 4, 8, 13] {
      for result in training.runAll(count, scratch["\(count)"]) { #expect(try result.get() == alone, "\(count) ranks") }
    }
    // Only rank 0 writes.
    #expect(try Files.names(in: scratch.path).sorted() == ["13", "2", "3", "4", "8", "alone"])
  }

  @Test("steps on the batch before the encoder give the same bits too: normalization, mixed clips, crops")
  func options() throws {
    let scratch = try Scratch()
    var training = Training()
    training.steps = 3
    training.configuration.normalization = .batch
    training.configuration.augmentation.mixup = 0.7
    training.configuration.augmentation.cropSeconds = 0.2
    training.configuration.augmentation.spectrogramMasks = 1
    training.configuration.optimizer.gradientLimit = 0.5
    let alone = try training.run(scratch["alone"], .alone)
    for count in [2, 5] {
      for result in training.runAll(count, scratch["\(count)"]) { #expect(try result.get() == alone, "\(count) ranks") }
    }
  }

  @Test("resumes with another number of ranks, and with a single process")
  func changes() throws {
    let scratch = try Scratch()
    var training = Training()
    let alone = try training.run(scratch["alone"], .alone)
    for (count, steps) in [(4, 2), (3, 3), (1, 4)] {
      training.steps = steps
      for result in training.runAll(count, scratch["changing"]) { _ = try result.get() }
    }
    training.steps = 5
    #expect(try training.runAll(2, scratch["changing"])[1].get() == alone)
  }

  @Test("when a rank dies, the others end, the last checkpoint stays, and training resumes from it")
  func dead() throws {
    let scratch = try Scratch()
    var training = Training()
    let alone = try training.run(scratch["alone"], .alone)
    training.clips = FragileClips(clips: training.clips)
    let begin = ContinuousClock.now
    let codes = training.runAll(3, scratch["run"], silence: 1).map { result in
      do { _ = try result.get() } catch { return (error as? Failure)?.code ?? "\(error)" }
      return "done"
    }
    #expect(codes.contains("test.fragile") && codes.contains("ranks.lost") && !codes.contains("done"), "\(codes)")
    #expect(ContinuousClock.now - begin < .seconds(30))
    let steps = CheckpointDirectory(existing: scratch["run/checkpoints"]).steps
    #expect(steps.last.map { (1..<5).contains($0) } == true, "\(steps)")
    training.clips = Self.train
    for result in training.runAll(2, scratch["run"]) { #expect(try result.get() == alone) }
  }

  /// Clips of which one read fails, in the second epoch.
  private struct FragileClips: TrainingClips {
    let clips: any TrainingClips
    private let reads = Reads()

    init(clips: any TrainingClips) { self.clips = clips }

    var ids: [String] { clips.ids }
    var width: Int { clips.width }
    var samples: Int { clips.samples }
    func target(_ clip: Int, samples: Range<Int>) throws -> [Float] { try clips.target(clip, samples: samples) }
    func waveform(_ clip: Int, into place: UnsafeMutablePointer<Float>) throws {
      if reads.next() == 70 { throw Failure("test.fragile", "a clip cannot be read") }
      try clips.waveform(clip, into: place)
    }

    private final class Reads: @unchecked Sendable {
      private let lock = NSLock()
      private var count = 0
      func next() -> Int {
        lock.withLock {
          count += 1; return count
        }
      }
    }
  }

  @Test("if a rank cannot write, all ranks end with its error")
  func cannotWrite() throws {
    let scratch = try Scratch()
    try Files.write("in the way", to: scratch["run"])
    let codes = Set(
      Training().runAll(2, scratch["run"]).map { result in
        do { _ = try result.get() } catch { return (error as? Failure)?.code ?? "\(error)" }
        return "done"
      })
    #expect(codes.count == 1 && !codes.contains("done"), "\(codes)")
  }
}
