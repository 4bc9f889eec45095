import Basics
import Foundation
import Kernels
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite("Captioners: their search, their words and their files")
struct CaptionModelTests {
  private static func vocabulary(_ words: [String]) throws -> CaptionVocabulary {
    try CaptionVocabulary(.words, file: words, source: "test")
  }

  private static func tiny(_ words: [String] = ["<begin>", "<end>", "<unknown>", "a", "dog"], seed: UInt64 = 1) throws
    -> CaptionModel
  {
    var decoder = CaptionDecoder(inputs: 6, vocabulary: words.count)
    (decoder.width, decoder.heads, decoder.depth, decoder.hidden) = (8, 2, 1, 12)
    (decoder.mostTokens, decoder.mostFrames) = (9, 3)
    let parameters = Parameters(decoder.parameters)
    parameters.initialize(seed: seed)
    return CaptionModel(
      decoder, try vocabulary(words), parameters, conditioning: .windows, metadata: ["encoder_weights": "none"])
  }

  // MARK: Search

  @Test(
    "beam search finds what PyTorch finds by running the whole sentence for each token",
    arguments: InstructionSet.allCases.filter { $0 <= .best })
  func bruteForce(set: InstructionSet) throws {
    let goldens = try CaptionGoldens()
    let decoder = goldens.decoder(.relu, learned: true, isTied: false)
    let parameters = Parameters(decoder.parameters)
    try goldens.fill(parameters, "search")
    var options = BeamSearch.Options()
    (options.beams, options.fewestTokens, options.mostTokens) = (3, 2, 5)
    let (counts, embeddings) = (try goldens.numbers("search/counts"), try goldens.floats("search/vectors"))
    let audioClips = counts.enumerated().map { Array(embeddings[$0 * 48..<$0 * 48 + $1 * 12]) }
    let search = BeamSearch(decoder, parameters, try Self.vocabulary(goldens.words), options)
    let (tokens, scores) = (try goldens.numbers("search/tokens"), try goldens.floats("search/scores"))
    var found: [[BeamSearch.Sentence]] = []
    for count in [1, 3] {
      let threads = WorkerThreads(count)
      defer { threads.stop() }
      found.append(search.sentences(audioClips, ops: FastBackend(set).ops, threads: threads))
    }
    #expect(found[0] == found[1])
    for (place, sentence) in found[0].enumerated() {
      #expect(sentence.tokens == tokens[place * 5..<place * 5 + 5].filter { $0 >= 0 }, "sound \(place)")
      #expect(abs(sentence.score - Double(scores[place])) < 1e-5, "sound \(place)")
    }
    #expect(Set(found[0].map(\.tokens)).count > 10)
  }

  @Test("a clip's caption depends neither on the other clips nor on the instruction set")
  func alone() throws {
    let model = try Self.tiny(["<begin>", "<end>", "<unknown>", "a", "dog", "barks", "far", "the", "rain"])
    var random = SeededRandom(seed: 2)
    let audioClips = (0..<70).map { audio in (0..<(1 + audio % 3) * 6).map { _ in Float(random.normal()) } }
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    var all: [[CaptionModel.Caption]] = []
    for set in InstructionSet.allCases where set <= .best {
      all.append(model.captions(audioClips, ops: FastBackend(set).ops, threads: threads))
    }
    #expect(all.allSatisfy { $0 == all[0] })
    for audio in [0, 35, 69] {
      let own = model.captions([audioClips[audio]], ops: FastBackend().ops, threads: threads)
      #expect(own[0] == all[0][audio])
    }
  }

  @Test("obeys length limits, repeats no content word, and one beam takes the likeliest token each time")
  func limits() throws {
    let words = ["<begin>", "<end>", "<unknown>", "a", "dog", "barks", "far", "the", "rain"]
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    for seed in 1...8 as ClosedRange<UInt64> {
      let model = try Self.tiny(words, seed: seed)
      var random = SeededRandom(seed: seed)
      let audio = (0..<12).map { _ in Float(random.normal()) }
      for beams in [1, 2, 5] {
        var options = BeamSearch.Options()
        (options.beams, options.fewestTokens, options.mostTokens) = (beams, 3, 6)
        let caption = model.captions([audio], options, ops: FastBackend().ops, threads: threads)[0]
        #expect((3...6).contains(caption.tokens.count), "\(caption)")
        let content = caption.tokens.filter { !CaptionWords.functionWords.contains($0) }
        #expect(Set(content).count == content.count, "\(caption)")
        #expect(caption.logLikelihoods.count == caption.tokens.count + 1)
      }
    }
  }

  @Test("with one word in the vocabulary it writes that word")
  func oneWord() throws {
    let model = try Self.tiny(["<begin>", "<end>", "<unknown>", "dog"])
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let caption = model.captions([[1, 2, 3, 4, 5, 6]], ops: FastBackend().ops, threads: threads)[0]
    // The shortest sentence has three words, but a content word may appear only once.
    #expect(caption.text == "dog")
  }

  @Test("if there are too many embeddings, evenly spread ones are used; all numbers are finite")
  func longAudio() throws {
    let model = try Self.tiny()
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    for audio in [[Float](repeating: 0, count: 6), [Float](repeating: 1e30, count: 600), (0..<600).map(Float.init)] {
      let caption = model.captions([audio], ops: FastBackend().ops, threads: threads)[0]
      #expect(caption.score.isFinite)
    }
  }

  // MARK: Words

  @Test("sentences become words in lower case without punctuation")
  func words() {
    #expect(
      CaptionWords.split("A dog's bark, twice -- then (far-off) 'rain'.") == [
        "a", "dog's", "bark", "twice", "then", "far", "off", "rain",
      ])
    #expect(CaptionWords.split("  …!? ") == [])
    #expect(CaptionWords.split("Ein Hündchen <b>bellt</b>") == ["ein", "hündchen", "b", "bellt", "b"])
  }

  @Test("a vocabulary is sorted by frequency, then bytes, and has only tokens above the minimum")
  func vocabularies() throws {
    let sentences = [["a", "dog", "barks"], ["a", "cat"], ["dog"], ["a", "zebra", "<end>"]]
    #expect(
      CaptionVocabulary(.words, of: sentences, floor: 1).tokens
        == ["<begin>", "<end>", "<unknown>", "a", "dog", "barks", "cat", "zebra"])
    let vocabulary = CaptionVocabulary(.words, of: sentences, floor: 2)
    #expect(vocabulary.tokens.dropFirst(3) == ["a", "dog"])
    #expect(vocabulary.numbers(of: ["a", "cat", "dog"]) == [3, 2, 4])
    #expect(vocabulary.text([0, 3, 2, 4, 1, 99]) == "a dog")
    // A vocabulary does not get tokens that reading a captioner would refuse.
    let odd = CaptionVocabulary(
      .words, of: [["dog", String(repeating: "ก", count: 67), "\u{FFFD}", "\u{7F}"]], floor: 1)
    #expect(odd.tokens.dropFirst(3) == ["dog"])
    _ = try CaptionVocabulary(.words, file: odd.tokens, source: "test")
    let pieces = CaptionVocabulary(.pieces, of: [["bar", "king</w>", "dog</w>"]], floor: 1)
    #expect(pieces.text(pieces.numbers(of: ["dog</w>", "bar", "king</w>"])) == "dog barking")
    #expect(pieces.isContent[pieces.numbers(of: ["dog</w>"])[0]] && !pieces.isContent[pieces.numbers(of: ["bar"])[0]])
  }

  // MARK: Files

  @Test("a captioner is read back unchanged, and the same one gives the same bytes")
  func file() throws {
    let scratch = try Scratch()
    let model = try Self.tiny()
    let full = CaptionModel(
      model.decoder, model.vocabulary, model.parameters,
      conditioning: .projection(memory: FloatBuffer([1, 0, 0, 2, 0, 1, 0, 1, 1, 0, 0, 1]), temperature: 0.25),
      neighbors: CaptionNeighbors(
        ["<b>a dog</b>, \"loud\"", "a"],
        FloatBuffer([1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0].map { Float($0) * Float(3).squareRoot() })),
      metadata: ["encoder_weights": "none"])
    try full.write(to: scratch["a.safetensors"])
    let back = try CaptionModel(file: scratch["a.safetensors"])
    #expect(back.decoder == full.decoder && back.vocabulary == full.vocabulary)
    #expect(back.parameters.trainable.values == full.parameters.trainable.values && back.metadata == full.metadata)
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let audio: [Float] = [1, 0.5, 0, 2, 0, 1, 0, 0, 1, 0, 0, 1]
    #expect(
      try back.captions([audio], ops: FastBackend().ops, threads: threads)
        == full.captions([audio], ops: FastBackend().ops, threads: threads))
    let nearest = try #require(back.neighbors).nearest([0, 0, 1, 0, 0, 1], width: 6)
    #expect(nearest.sentence == "a" && abs(nearest.cosine - 0.5) < 1e-6)
    try back.write(to: scratch["b.safetensors"])
    #expect(try Files.read(scratch["a.safetensors"]) == Files.read(scratch["b.safetensors"]))
  }

  /// The error on reading a captioner's file with a change in it.
  private func refused(
    _ scratch: Scratch, metadata change: (inout [String: String]) -> Void = { _ in },
    tensors: (String, Tensor) -> Tensor? = { $1 }
  ) throws -> String {
    try Self.tiny().write(to: scratch["sound.safetensors"])
    var (found, metadata) = try SafetensorsFile.read(
      try Files.read(scratch["sound.safetensors"]), source: "sound")
    change(&metadata)
    var kept = NamedTensors()
    for (name, tensor) in found.pairs { if let tensor = tensors(name, tensor) { try kept.add(name, tensor) } }
    found = kept
    let file = try OutputFile(scratch["bad.safetensors"])
    try SafetensorsFile.write(found, metadata: metadata, to: file)
    try file.commit()
    do {
      _ = try CaptionModel(file: scratch["bad.safetensors"])
    } catch let failure as Failure { return failure.code }
    return "read"
  }

  @Test("malicious files are refused with the reason, before memory is allocated")
  func hostile() throws {
    let scratch = try Scratch()
    #expect(try refused(scratch) == "read")
    #expect(try refused(scratch, metadata: { $0["format"] = "pt" }) == "captioner.format")
    for part in ["decoder", "vocabulary", "vocabulary_kind", "conditioning"] {
      #expect(try refused(scratch, metadata: { $0[part] = nil }) == "captioner.part", "\(part)")
    }
    for (from, to) in [
      ("\"width\":8", "\"width\":4611686018427387904"), ("\"depth\":1", "\"depth\":-1"), ("\"heads\":2", "\"heads\":3"),
      ("\"hidden\":12", "\"hidden\":2000000000"), ("\"mostTokens\":9", "\"mostTokens\":0"),
      ("\"dropout\":0.2", "\"dropout\":7"),
    ] {
      let code = try refused(
        scratch, metadata: { $0["decoder"] = $0["decoder"]?.replacingOccurrences(of: from, with: to) })
      #expect(code == "captioner.size", "\(to): \(code)")
    }
    #expect(
      try refused(
        scratch,
        metadata: { $0["decoder"] = $0["decoder"]?.replacingOccurrences(of: "\"hidden\":12", with: "\"hidden\":32000") }
      ) == "weights.shape")
    for words in [
      "[]", "[\"<begin>\",\"<end>\",\"<unknown>\"]", "[\"<begin>\",\"<end>\",\"<unknown>\",\"a\",\"a\"]",
      "[\"<begin>\",\"<end>\",\"<unknown>\",\"a\",\"\"]", "[\"<begin>\",\"<end>\",\"<unknown>\",\"a\",\"\\u0007\"]",
      "[\"<begin>\",\"<end>\",\"<unknown>\",\"a\",\"b\",\"c\"]",
      "[\"<begin>\",\"<end>\",\"<unknown>\",\"a\",\"\(String(repeating: "x", count: 1000))\"]",
    ] {
      #expect(try refused(scratch, metadata: { $0["vocabulary"] = words }) == "captioner.vocabulary", "\(words)")
    }
    #expect(try refused(scratch, metadata: { $0["vocabulary"] = "{" }) == "json.invalid")
    for text in ["projection", "projection nan", "projection 0.1", "elsewhere"] {
      let code = try refused(scratch, metadata: { $0["conditioning"] = text })
      #expect(code == (text == "projection 0.1" ? "tensor.missing" : "captioner.part"), "\(text): \(code)")
    }
    #expect(try refused(scratch, metadata: { $0["neighbor_sentences"] = "[\"a\"]" }) == "tensor.missing")
    #expect(try refused(scratch, tensors: { $0.hasSuffix("output.bias") ? nil : $1 }) == "tensor.missing")
    let code = try refused(
      scratch,
      tensors: { $0.hasSuffix("output.bias") ? Tensor(shape: $1.shape, floats: [0, .nan, 0, 0, 0]) : $1 })
    #expect(code == "captioner.nonfinite")
  }

  @Test("bytes that are not UTF-8 in the vocabulary are refused")
  func notUTF8() throws {
    let scratch = try Scratch()
    try Self.tiny().write(to: scratch["a.safetensors"])
    var bytes = try Files.read(scratch["a.safetensors"])
    let text = Array("dog".utf8)
    let place = try #require(bytes.indices.first { Array(bytes[$0..<min(bytes.count, $0 + 3)]) == text })
    (bytes[place], bytes[place + 1]) = (0xFF, 0xFE)
    try Files.write(bytes, to: scratch["b.safetensors"])
    #expect(throws: Failure.self) { try CaptionModel(file: scratch["b.safetensors"]) }
  }

  @Test("randomly damaged files are read or refused, and those that are read write sentences")
  func mutations() throws {
    let scratch = try Scratch()
    try Self.tiny().write(to: scratch["a.safetensors"])
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let path = scratch["b.safetensors"]
    let problems = Mutations.problems(
      of: try Files.read(scratch["a.safetensors"]), "captioner", trials: 400, head: 1600
    ) { bytes in
      try Mutations.write(bytes, to: path)
      let model = try CaptionModel(file: path)
      let audio = [Float](repeating: 1, count: model.decoder.inputs)
      _ = model.captions([audio], ops: FastBackend().ops, threads: threads)
    }
    #expect(problems.isEmpty, "\(problems)")
  }
}
