import Basics
import Kernels
import Models
import Networks
import Ranks
import TestSupport
import Testing

@testable import Training

@Suite("Training a decoder for captions")
struct CaptionTrainingTests {
  private static let words = ["a", "dog", "barks", "the", "rain", "falls", "on", "it"]
  private static let vocabulary = CaptionVocabulary(.words, of: [words], floor: 1)

  /// Audio clips with one to three embeddings and two sentences each.
  private static func samples(_ count: Int, seed: UInt64) -> CaptionSamples {
    var random = SeededRandom(seed: seed)
    let audioClips = (0..<count).map { audio in (0..<(1 + audio % 3) * 10).map { _ in Float(random.normal()) } }
    let references = (0..<count).map { audio in
      (0..<2).map { number in
        (0..<2 + (audio + number) % 4).map { words[(audio * 3 + number + $0) % words.count] }.joined(separator: " ")
      }
    }
    return CaptionSamples(
      width: 10, names: (0..<count).map { "sound \(100 + $0)" }, audioClips: audioClips, references: references,
      tokens: { vocabulary.numbers(of: CaptionWords.split($0)) })
  }

  private struct Training: Sendable {
    var (threads, steps, set) = (1, 7, InstructionSet.best)
    var recipe: CaptionRecipe
    var configuration = CaptionRecipe.configuration()
    var limits = TrainingLimits()

    init() {
      var decoder = CaptionDecoder(inputs: 10, vocabulary: CaptionTrainingTests.vocabulary.count)
      (decoder.width, decoder.heads, decoder.depth, decoder.hidden) = (16, 2, 1, 24)
      (decoder.mostTokens, decoder.mostFrames) = (8, 4)
      recipe = CaptionRecipe(decoder)
      // There are five microbatches, of which the last has one sentence.
      (configuration.batchSize, configuration.microbatch, configuration.seed) = (9, 2, 4)
      configuration.optimizer.averageDecay = 0.9
      limits.checkpointEvery = .steps(1)
    }

    func run(_ directory: String, _ ranks: RankGroup = .alone) throws -> [[UInt32]] {
      var limits = limits
      limits.steps = steps
      let crew = WorkerThreads(threads)
      defer { crew.stop() }
      let learner = Learner(recipe.decoder.parameters, averages: true)
      let task = try CaptionTask(
        CaptionTrainingTests.samples(13, seed: 1), validation: CaptionTrainingTests.samples(4, seed: 2), recipe,
        CaptionTrainingTests.vocabulary, configuration, learner, backend: FastBackend(set), threads: crew,
        ranks: ranks,
        score: { captions, references in
          ["CIDEr-D": Double(zip(captions, references).count { $1.contains($0) }), "words": Double(captions[0].count)]
        })
      let trainer = try Trainer(configuration, limits, learner, task, directory: directory, ranks: ranks) { _ in }
      try trainer.run()
      return learner.buffers.map { $0.buffer.values.map(\.bitPattern) }
    }
  }

  @Test("gives the same bits on one to four threads, on every instruction set, and on one to five ranks")
  func sameBits() throws {
    let scratch = try Scratch()
    let alone = try Training().run(scratch["alone"])
    for set in InstructionSet.allCases where set <= .best {
      for threads in [1, 2, 4] {
        var training = Training()
        (training.threads, training.set) = (threads, set)
        #expect(try training.run(scratch["\(set.name) \(threads)"]) == alone, "\(threads) threads, \(set.name)")
      }
    }
    for count in [2, 3, 5] {
      let directory = scratch["\(count)"]
      let results = RankThreads.run(count) { ranks in
        try Training().run(ranks.isFirst ? directory : "\(directory)-none", ranks)
      }
      for result in results { #expect(try result.get() == alone, "\(count) ranks") }
    }
  }

  @Test("stopped after any step, it resumes to the same bits and records, also with another number of ranks")
  func resumes() throws {
    let scratch = try Scratch()
    let whole = try Training().run(scratch["whole"])
    for (step, count) in [(1, 1), (2, 2), (3, 1), (5, 3), (6, 1), (7, 2)] {
      var training = Training()
      training.steps = step
      let (part, directory) = (training, scratch["cut"])
      let results = RankThreads.run(count) { try part.run(directory, $0) }
      if step == 7 { for result in results { #expect(try result.get() == whole) } }
    }
    let lines = ["whole", "cut"].map { name in
      MetricsLog.lines(scratch["\(name)/metrics.jsonl"]).map {
        "\($0.kind) \($0.step) \($0.loss) \(($0.captions ?? [:]).sorted { $0.key < $1.key })"
      }
    }
    #expect(lines[0] == lines[1])
    #expect(lines[0].count > 7 && lines[0].contains { $0.contains("CIDEr-D") && $0.contains("loss") })
  }

  @Test("stops early when CIDEr-D on the validation clips no longer rises, and records the best epoch")
  func earlyStop() throws {
    let scratch = try Scratch()
    var training = Training()
    (training.steps, training.configuration.patience) = (1000, 2)
    training.limits.epochs = 50
    _ = try training.run(scratch["run"])
    let epochs = MetricsLog.lines(scratch["run/metrics.jsonl"]).filter { $0.kind == "epoch" }
    let scores = epochs.compactMap { $0.captions?["CIDEr-D"] }
    #expect(epochs.count < 50 && scores.count == epochs.count)
    #expect(epochs.allSatisfy { $0.validationLoss == $0.captions?["loss"] })
    let best = scores.indices.first { scores[$0] == scores.max() } ?? 0
    #expect(epochs.count == best + 3)
  }

  @Test("learns: after some steps it writes the caption of each clip")
  func learns() throws {
    let samples = CaptionSamples(
      width: 10, names: ["dog", "rain"],
      audioClips: [[Float](repeating: 1, count: 10), [1, -1, 1, -1, 1, -1, 1, -1, 1, -1]],
      references: [["a dog barks"], ["the rain falls on it"]],
      tokens: { Self.vocabulary.numbers(of: CaptionWords.split($0)) })
    var training = Training()
    (training.recipe.decoder.dropout, training.recipe.decoder.frameDropout) = (0, 0)
    (training.recipe.mixup, training.recipe.smoothing) = (0, 0)
    training.configuration.batchSize = 2
    training.configuration.optimizer.weightDecay = 0
    let learner = Learner(training.recipe.decoder.parameters)
    learner.parameters.initialize(seed: 1)
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let task = try CaptionTask(
      samples, validation: samples, training.recipe, Self.vocabulary, training.configuration, learner,
      backend: FastBackend(), threads: threads,
      score: { captions, references in
        ["CIDEr-D": Double(zip(captions, references).count { $1.contains($0) })]
      })
    for step in 1...120 { _ = try task.step([0, 1], epoch: step, number: step, rate: 5e-3) }
    #expect(try task.validate(withScores: true).loss == -2)
  }

  @Test("the shares of mixed sentences follow Beta(0.4, 0.4), taking the larger part")
  func shares() {
    var random = SeededRandom(seed: 1)
    let shares = (0..<20_000).map { _ in CaptionBatch.largerShare(0.4, &random) }
    #expect(shares.allSatisfy { (0.5...1).contains($0) })
    // E|x − 1/2| of Beta(α, α) is 1 / (4^α · α · B(α, α)), which is 0.3398 for α = 0.4.
    let mean = shares.reduce(0) { $0 + $1 - 0.5 } / Double(shares.count)
    #expect(abs(mean - 0.3398) < 0.005, "\(mean)")
  }
}
