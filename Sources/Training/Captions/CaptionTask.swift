import Basics
import Kernels
import Models
import Networks
import Ranks

/// Trains a caption decoder: each sample is a sentence with the embeddings of its audio.
///
/// Ranks and threads take microbatches of sentences as they take those of clips. The loss is divided by the batch's
/// number of words, which every rank knows in advance.
package final class CaptionTask: TrainingTask, @unchecked Sendable {
  /// Scores captions of the validation clips against their references.
  package typealias Score = (_ captions: [String], _ references: [[String]]) throws -> [String: Double]

  /// The score that validation maximizes, by its name in the result of `Score`.
  package static let criterion = "CIDEr-D"

  package let ids: [String]
  package let isValidated: Bool
  private let samples: CaptionSamples
  private let validation: CaptionSamples?
  private let recipe: CaptionRecipe
  private let configuration: TrainingConfiguration
  private let vocabulary: CaptionVocabulary
  private let learner: Learner
  private let ops: any Ops
  private let threads: WorkerThreads
  private let ranks: RankGroup
  private let reduction: any Reduction
  private let network: Network
  private let (frames, tokens): (Int, Int)
  private let gradients: FloatBuffer
  private let optimizer: Optimizer
  private let score: Score
  /// The losses of the microbatches.
  private let losses: PartRows

  /// - Parameters:
  ///   - validation: nil: no early stop.
  ///   - score: if it returns no CIDEr-D, validation uses the loss.
  package init(
    _ samples: CaptionSamples, validation: CaptionSamples?, _ recipe: CaptionRecipe, _ vocabulary: CaptionVocabulary,
    _ configuration: TrainingConfiguration, _ learner: Learner, backend: any Backend, threads: WorkerThreads,
    ranks: RankGroup = .alone, score: @escaping Score
  ) throws {
    (self.samples, self.validation, self.recipe, self.vocabulary) = (samples, validation, recipe, vocabulary)
    (self.configuration, self.learner, self.threads, self.ranks) = (configuration, learner, threads, ranks)
    (ids, isValidated, ops, self.score) = (samples.ids, validation != nil, backend.ops, score)
    frames = max(samples.mostFrames, validation?.mostFrames ?? 0)
    tokens = max(samples.mostTokens, validation?.mostTokens ?? 0) + 1
    gradients = FloatBuffer(learner.parameters.layout.trainableCount)
    reduction = ranks.isAlone ? LocalReduction() : RankReduction(ranks, ops: backend.ops)
    let row = frames * samples.width + tokens * 3
    network = try Network(
      recipe.decoder.layers(frames: frames, tokens: tokens),
      input: .row(images: configuration.batchSize, width: row), microbatch: configuration.microbatch,
      parameters: learner.parameters, gradients: gradients, backend: backend, threads: threads, reduction: reduction)
    losses = PartRows(parts: network.output.microbatches.counts.count, width: 1)
    optimizer = Optimizer(configuration.optimizer, learner, ops: backend.ops, threads: threads, profile: nil)
  }

  package func step(_ batch: [Int], epoch: Int, number: Int, rate: Double) throws -> TrainingOutcome {
    let batch = batchOf(samples, batch, epoch: epoch)
    let (first, seed) = (network.rows.lowerBound, configuration.seed)
    let ids = batch.sentences.map { self.ids[$0] }
    let loss = try loss(batch, gradients: true) { name, image in
      var random = SeededRandom(seed: seed, for: name + "\0" + ids[first + image], UInt64(epoch))
      return random.next()
    }
    guard loss.isFinite else { throw ranks.shared(.captionsNonFinite("loss", loss, step: number)) }
    try network.backward()
    let norm = optimizer.norm(gradients)
    guard norm.isFinite else { throw ranks.shared(.captionsNonFinite("gradient norm", norm, step: number)) }
    optimizer.step(gradients, norm: norm, rate: rate, number: number)
    return TrainingOutcome(loss: loss, gradientNorm: norm)
  }

  private func batchOf(_ samples: CaptionSamples, _ sentences: [Int], epoch: Int?) -> CaptionBatch {
    CaptionBatch(
      samples: samples, recipe: recipe, seed: configuration.seed, frames: frames, tokens: tokens,
      sentences: sentences, epoch: epoch)
  }

  /// The mean cross-entropy of the batch's words. With `gradients`, the network's output is replaced by its gradient.
  private func loss(_ batch: CaptionBatch, gradients: Bool, keys: DropoutKeys? = nil) throws -> Double {
    let (rows, words) = (network.rows, batch.words)
    let filled = threads.map(rows.count) { image, _ -> (frames: Int, targets: [Int32]) in
      let row = rows.lowerBound + image
      guard row < batch.sentences.count else { return (0, []) }
      return batch.fill(row, self.network.input.values.start + image * batch.rowWidth)
    }
    try network.forward(keys: keys, counts: [.tokens: filled.map(\.targets.count), .memory: filled.map(\.frames)])
    let (output, smoothing) = (network.output, Float(recipe.smoothing))
    let (share, vocabulary) = (output.microbatches.share, recipe.decoder.vocabulary)
    threads.forEach(output.microbatches.count) { part, _ in
      let targets = output.microbatches[part].flatMap { filled[$0].targets }
      self.losses[share.lowerBound + part][0] = self.ops.crossEntropy(
        rows: targets.count, width: vocabulary, targets: targets, smoothing: smoothing,
        factor: gradients ? Float(1 / Double(words)) : nil, output.place(part))
    }
    try reduction.fold(losses) { earlier, later in earlier[0] += later[0] }
    return losses.total[0] / Double(max(1, words))
  }

  // MARK: Validation

  /// The loss of the validation sentences, and the scores of captions for their audio clips. The value to minimize is
  /// −CIDEr-D, or the loss if there is no such score.
  package func validate(withScores: Bool) throws -> ValidationResult {
    guard let validation else { return ValidationResult(loss: 0) }
    var (sum, words) = (0.0, 0)
    for start in stride(from: 0, to: validation.sentences.count, by: configuration.batchSize) {
      let end = min(validation.sentences.count, start + configuration.batchSize)
      let batch = batchOf(validation, Array(start..<end), epoch: nil)
      sum += try loss(batch, gradients: false) * Double(batch.words)
      words += batch.words
    }
    let loss = sum / Double(max(1, words))
    var options = BeamSearch.Options()
    options.beams = recipe.beams
    let search = BeamSearch(recipe.decoder, learner.parameters, vocabulary, options)
    let found = search.sentences(validation.audioClips, ops: ops, threads: threads).map { vocabulary.text($0.tokens) }
    var scores = try score(found, validation.references)
    let criterion = scores[Self.criterion].map { -$0 } ?? loss
    scores["loss"] = loss
    return ValidationResult(loss: criterion, captions: scores)
  }
}

extension Failure {
  fileprivate static func captionsNonFinite(_ what: String, _ value: Double, step: Int) -> Failure {
    Failure(
      "training.nonfinite", "the \(what) is not finite in step \(step)", on: "captions", found: "\(value)",
      hint: "lower --learning-rate")
  }
}
