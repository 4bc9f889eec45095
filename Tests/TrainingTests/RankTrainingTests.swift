import Basics
import Foundation
import Kernels
import Networks
import Ranks
import TestSupport
import Testing

@testable import Training

/// A tiny network on noise, trained by ranks that are threads of this process.
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
      // Eleven microbatches, the last of one clip.
      (configuration.batchSize, configuration.microbatch, configuration.seed) = (21, 2, 9)
      configuration.optimizer.averageDecay = 0.9
    }

    /// - Returns: all that a checkpoint keeps of a learner.
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

    /// On each rank, with rank 0 in `directory`.
    func runAll(_ count: Int, _ directory: String, silence: Double = 30) -> [Result<[[UInt32]], any Error>] {
      RankThreads.run(count, silence: silence) { ranks in
        try run(ranks.isFirst ? directory : "\(directory)-rank-\(ranks.rank)", ranks)
      }
    }
  }

  @Test("every rank ends with the bits of one process, more ranks than microbatches too", arguments: [1, 2])
  func sameBits(threads: Int) throws {
    let scratch = try Scratch()
    var training = Training()
    let alone = try training.run(scratch["alone"], .alone)
    training.threads = threads
    for count in [2, 3, 4, 8, 13] {
      for result in training.runAll(count, scratch["\(count)"]) { #expect(try result.get() == alone, "\(count) ranks") }
    }
    // Rank 0 alone writes.
    #expect(try Files.names(in: scratch.path).sorted() == ["13", "2", "3", "4", "8", "alone"])
  }

  @Test("what joins the batch before the encoder has the same bits too: its normalization, mixed clips, crops")
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

  @Test("goes on with another number of ranks, and without any")
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

  @Test("when a rank dies the others end, the last checkpoint stands, and training goes on from it")
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

  /// Cannot be read in the second epoch by one of those who read them.
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

  @Test("a rank that cannot write ends all, with what stood in its way")
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
