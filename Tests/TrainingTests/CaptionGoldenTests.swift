import Basics
import Kernels
import Models
import Networks
import TestSupport
import Testing

@testable import Training

@Suite("PyTorch agrees with the caption decoder")
struct CaptionGoldenTests {
  private static let makes: [(name: String, inner: CaptionDecoder.Inner, isOther: Bool)] = [
    ("gelu", .gelu, false), ("relu", .relu, true),
  ]

  @Test(
    "word scores, loss and all gradients, for sentences of different lengths with mixed words", arguments: 0..<2,
    InstructionSet.allCases.filter { $0 <= .best })
  func gradients(make: Int, set: InstructionSet) throws {
    let (goldens, make) = (try CaptionGoldens(), Self.makes[make])
    let decoder = goldens.decoder(make.inner, learned: make.isOther, isTied: make.isOther)
    let parameters = Parameters(decoder.parameters)
    try goldens.fill(parameters, make.name)
    let (batch, backend, threads) = (try goldens.batch(make.name), FastBackend(set), WorkerThreads(2))
    defer { threads.stop() }
    let gradients = FloatBuffer(parameters.layout.trainableCount)
    let width = 4 * 12 + 7 * 3
    let network = try Network(
      decoder.layers(frames: 4, tokens: 7), input: .row(images: batch.ids.count, width: width), microbatch: 3,
      parameters: parameters, gradients: gradients, backend: backend, threads: threads)
    for (image, ids) in batch.ids.enumerated() {
      let place = network.input.values.start + image * width
      place.update(from: batch.embeddings[image], count: batch.embeddings[image].count)
      for (t, id) in ids.enumerated() {
        let at = place + 48 + 3 * t
        (at[0], at[1], at[2]) = (Float(id), Float(batch.second[image][t]), batch.share[image])
      }
    }
    try network.forward(counts: [.tokens: batch.ids.map(\.count), .memory: batch.embeddings.map { $0.count / 12 }])
    let (output, words) = (network.output, batch.ids.reduce(0) { $0 + $1.count })
    var (logits, loss) = ([Float](), 0.0)
    for part in 0..<output.microbatches.count {
      let (rows, place) = (output.rows(part), output.place(part))
      logits += Array(UnsafeBufferPointer(start: place, count: rows * decoder.vocabulary))
      let targets = output.microbatches[part].flatMap { batch.targets[$0].map(Int32.init) }
      loss += backend.ops.crossEntropy(
        rows: rows, width: decoder.vocabulary, targets: targets, smoothing: 0.2, factor: Float(1 / Double(words)),
        place)
    }
    try network.backward()
    let expected = Double(try goldens.floats("\(make.name)/loss")[0])
    #expect(abs(loss / Double(words) / expected - 1) < 1e-5)
    let scores = Agreement(logits, try goldens.floats("\(make.name)/logits"))
    #expect(scores.holds(error: 1e-4, cosine: 0.999_999), "logits: \(scores)")
    for slot in parameters.layout.trainable where !slot.name.hasSuffix("k_proj.bias") {
      let own = gradients[slot.offset..<slot.offset + slot.count]
      let agreement = Agreement(own, try goldens.floats("\(make.name)/\(slot.name) gradient"))
      #expect(agreement.holds(error: 1e-4, cosine: 0.999_999), "\(slot.name): \(agreement)")
    }
  }

  @Test("the losses of 50 AdamW steps with label smoothing and gradient clipping")
  func steps() throws {
    let goldens = try CaptionGoldens()
    let decoder = goldens.decoder(.gelu, learned: false, isTied: false)
    let batch = try goldens.batch("steps")
    var recipe = CaptionRecipe(decoder)
    (recipe.mixup, recipe.smoothing) = (0, 0.2)
    var configuration = CaptionRecipe.configuration()
    (configuration.batchSize, configuration.microbatch) = (batch.ids.count, 3)
    (configuration.optimizer.weightDecay, configuration.optimizer.gradientLimit) = (0.5, 1)
    let learner = Learner(decoder.parameters)
    try goldens.fill(learner.parameters, "steps")
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    let samples = CaptionSamples(
      width: 12, names: batch.ids.indices.map { "\($0)" }, audioClips: batch.embeddings,
      references: batch.targets.map { [$0.dropLast().map(String.init).joined(separator: " ")] },
      tokens: { $0.split(separator: " ").compactMap { Int($0) } })
    let vocabulary = CaptionVocabulary(.words, of: [goldens.words], floor: 1)
    let task = try CaptionTask(
      samples, validation: nil, recipe, vocabulary, configuration, learner, backend: FastBackend(), threads: threads,
      score: { _, _ in [:] })
    let expected = try goldens.floats("steps/losses")
    for (step, loss) in expected.enumerated() {
      let found = try task.step(Array(batch.ids.indices), epoch: 0, number: step + 1, rate: 2e-3)
      #expect(abs(found.loss / Double(loss) - 1) < 1e-3, "step \(step + 1): \(found.loss), \(loss)")
    }
    #expect(expected.last.map { $0 < expected[0] / 2 } == true)
  }
}
