import Basics
import Kernels
import Testing

@testable import Networks

@Suite("The caption decoder")
struct CaptionDecoderTests {
  private static let makes: [(CaptionDecoder.Positions, CaptionDecoder.Inner, Bool)] = [
    (.sinusoidal, .gelu, false), (.learned, .relu, true),
  ]
  /// The numbers of tokens and embeddings of five sentences.
  private static let (tokens, frames) = ([5, 1, 3, 4, 2], [3, 2, 1, 3, 1])

  private func decoder(_ make: (CaptionDecoder.Positions, CaptionDecoder.Inner, Bool)) -> CaptionDecoder {
    LayerContractTests.decoder(make.0, make.1, isTied: make.2)
  }

  /// A sentence's input, padded to these numbers of rows.
  private func row(_ sentence: Int, frames: Int, tokens: Int) -> [Float] {
    var random = SeededRandom(seed: 3, for: "sentence", UInt64(sentence))
    let embeddings = (0..<3 * 10).map { _ in Float(random.normal()) }
    let words = (0..<5).flatMap { _ in [Float(Int(random.uniform() * 13)), -1, 1] }
    return Array(embeddings[..<(frames * 10)]) + Array(words[..<(tokens * 3)])
  }

  private func parameters(_ decoder: CaptionDecoder) -> Parameters {
    TestNetwork(decoder.layers(frames: 3, tokens: 5), .row(images: 1, width: 45)).parameters
  }

  private struct Pass: Equatable {
    var outputs: [[Float]]
    var gradients: [Float]
  }

  /// A forward and a backward pass; the output's gradient depends only on the sentence's number and the place in it.
  private func pass(
    _ decoder: CaptionDecoder, _ sentences: Range<Int>, frames: Int, tokens: Int, counts: [RowCounts.Stream: [Int]],
    microbatch: Int = 2, threads count: Int = 1, backend: FastBackend = FastBackend(.portable)
  ) throws -> Pass {
    let parameters = parameters(decoder)
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    let gradients = FloatBuffer(parameters.layout.trainableCount)
    let width = frames * 10 + tokens * 3
    let network = try Network(
      decoder.layers(frames: frames, tokens: tokens), input: .row(images: sentences.count, width: width),
      microbatch: microbatch, parameters: parameters, gradients: gradients, backend: backend, threads: threads)
    for (image, sentence) in sentences.enumerated() {
      let (own, seen) = (counts[.tokens]?[image] ?? tokens, counts[.memory]?[image] ?? frames)
      let place = network.input.values.start + image * width
      place.update(from: row(sentence, frames: seen, tokens: 0), count: seen * 10)
      (place + frames * 10).update(from: row(sentence, frames: 0, tokens: own), count: own * 3)
    }
    try network.forward(keys: { TestNetwork.keys($0, sentences.lowerBound + $1) }, counts: counts)
    var outputs: [[Float]] = []
    for part in 0..<network.output.microbatches.count {
      for (image, rows) in zip(network.output.microbatches[part], network.output.images(part)) {
        let place = network.output.place(part) + rows.lowerBound * 13
        outputs.append(Array(UnsafeBufferPointer(start: place, count: rows.count * 13)))
        var random = SeededRandom(seed: 4, for: "slope", UInt64(sentences.lowerBound + image))
        for i in 0..<rows.count * 13 { place[i] = Float(random.normal()) }
      }
    }
    try network.backward()
    return Pass(outputs: outputs, gradients: gradients.values)
  }

  @Test("a sentence's result does not depend on longer sentences in the batch", arguments: 0..<2)
  func ragged(make: Int) throws {
    let decoder = decoder(Self.makes[make])
    let together = try pass(
      decoder, 0..<5, frames: 3, tokens: 5, counts: [.tokens: Self.tokens, .memory: Self.frames])
    var sum = [Double](repeating: 0, count: together.gradients.count)
    for sentence in 0..<5 {
      let alone = try pass(
        decoder, sentence..<sentence + 1, frames: Self.frames[sentence], tokens: Self.tokens[sentence], counts: [:])
      #expect(alone.outputs[0] == together.outputs[sentence], "sentence \(sentence)")
      for (i, value) in alone.gradients.enumerated() { sum[i] += Double(value) }
    }
    #expect(relativeError(together.gradients, sum) < 1e-5)
  }

  @Test("sentences of different lengths give the same bits on one to three threads and on every instruction set")
  func sameBits() throws {
    let decoder = decoder(Self.makes[0])
    let counts: [RowCounts.Stream: [Int]] = [.tokens: Self.tokens, .memory: Self.frames]
    let one = try pass(decoder, 0..<5, frames: 3, tokens: 5, counts: counts, microbatch: 1)
    for threads in 1...3 {
      for set in InstructionSet.allCases where set <= .best {
        let many = try pass(
          decoder, 0..<5, frames: 3, tokens: 5, counts: counts, microbatch: 1, threads: threads,
          backend: FastBackend(set))
        #expect(many == one, "\(threads) threads, \(set.name)")
      }
    }
  }

  @Test("step by step it gives the same as for whole sentences, on every instruction set", arguments: 0..<2)
  func decoding(make: Int) throws {
    let decoder = decoder(Self.makes[make])
    let parameters = parameters(decoder)
    let values = PlainValues(parameters)
    // Two sentences of the first clip and one of the second, after two tokens.
    let audioClips = [row(0, frames: 3, tokens: 0), row(1, frames: 2, tokens: 0)]
    let steps: [[CaptionDecoding.Row]] = [
      [.init(audio: 0, parent: 0, token: 1), .init(audio: 1, parent: 0, token: 1)],
      [.init(audio: 1, parent: 1, token: 4), .init(audio: 0, parent: 0, token: 2)],
      [
        .init(audio: 0, parent: 1, token: 7), .init(audio: 0, parent: 1, token: 5),
        .init(audio: 1, parent: 0, token: 3),
      ],
    ]
    let sentences = [(0, [1, 2, 7]), (0, [1, 2, 5]), (1, [1, 4, 3])]
    var bits: [[Float]] = []
    for set in InstructionSet.allCases where set <= .best {
      let decoding = CaptionDecoding(
        decoder, parameters, ops: FastBackend(set).ops, audioClips: audioClips, mostRows: 3, mostTokens: 3)
      for step in steps { decoding.advance(step) }
      bits.append(decoding.logits.values)
      for (index, sentence) in sentences.enumerated() {
        let frames = audioClips[sentence.0].count / 10
        let words: [Double] = sentence.1.flatMap { [Double($0), -1, 1] }
        let x = PlainTensor(images: 1, channels: frames * 10 + 9, audioClips[sentence.0].map(Double.init) + words)
        let plain = decoder.layers(frames: frames, tokens: 3).reduce(x) { $1.plain($0, values) }
        let last = (0..<13).map { plain.values[plain.offset(0, $0, 0, 2)] }
        let found = decoding.logits[index * 13..<(index + 1) * 13]
        #expect(relativeError(found, last) < 1e-5, "\(sentence.1), \(set.name)")
      }
    }
    #expect(Set(bits).count == 1)
  }

  @Test("names and shapes follow from its sizes, and names are unique")
  func parameters() {
    let decoder = CaptionDecoder(inputs: 512, vocabulary: 4371)
    let specs = decoder.parameters
    #expect(Set(specs.map(\.name)).count == specs.count)
    #expect(specs.reduce(0) { $0 + $1.count } == 11_846_163)
    var tied = decoder
    tied.isTied = true
    #expect(specs.reduce(0) { $0 + $1.count } - tied.parameters.reduce(0) { $0 + $1.count } == 4371 * 256)
  }
}
