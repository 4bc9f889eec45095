// A captioner in a safetensors file: the decoder's tensors under their names, the vocabulary and the sizes as JSON in
// the metadata. Such a file is untrusted: sizes are checked before memory is allocated for them.

import Basics
import Kernels
import Networks
import Tensors

extension CaptionModel {
  private static let (formatKey, format) = ("format", "pipeline.captioner.1")
  private static let (decoderKey, kindKey, vocabularyKey) = ("decoder", "vocabulary_kind", "vocabulary")
  private static let (conditioningKey, sentencesKey) = ("conditioning", "neighbor_sentences")
  private static let (memory, neighbors) = ("memory.vectors", "neighbors.vectors")

  /// Writes the whole file or nothing. The same captioner gives the same bytes.
  package func write(to path: String) throws {
    var tensors = NamedTensors()
    for slot in parameters.layout.trainable {
      try tensors.add(
        slot.name,
        Tensor(shape: slot.shape, floats: parameters.trainable[slot.offset..<slot.offset + slot.count]))
    }
    var metadata = metadata
    metadata[Self.formatKey] = Self.format
    metadata[Self.decoderKey] = try CanonicalJSON.text(decoder)
    metadata[Self.kindKey] = vocabulary.kind.rawValue
    metadata[Self.vocabularyKey] = try CanonicalJSON.text(vocabulary.tokens)
    switch conditioning {
    case .windows: metadata[Self.conditioningKey] = "windows"
    case .mean: metadata[Self.conditioningKey] = "mean"
    case .projection(let rows, let temperature):
      metadata[Self.conditioningKey] = "projection \(temperature)"
      try tensors.add(
        Self.memory, Tensor(shape: [rows.count / decoder.inputs, decoder.inputs], floats: rows.values))
    }
    if let neighbors {
      metadata[Self.sentencesKey] = try CanonicalJSON.text(neighbors.sentences)
      try tensors.add(
        Self.neighbors, Tensor(shape: [neighbors.sentences.count, decoder.inputs], floats: neighbors.embeddings.values))
    }
    let file = try OutputFile(path)
    try SafetensorsFile.write(tensors, metadata: metadata, to: file)
    try file.commit()
  }

  /// - Throws: `captioner.…`, `safetensors.…`, `tensor.missing`, `weights.shape`: what is wrong with the file.
  package init(file path: String) throws {
    let file = try MappedFile(path)
    let (tensors, metadata) = try withExtendedLifetime(file) { try SafetensorsFile.read(file.bytes, source: path) }
    let parts = FileParts(path: path, tensors: tensors, metadata: metadata)
    guard metadata[Self.formatKey] == Self.format else {
      throw Failure.notACaptioner(path, found: metadata[Self.formatKey], expected: Self.format)
    }
    let decoder = try parts.decoder()
    let parameters = Parameters(decoder.parameters)
    try StateDictionary.load(tensors, into: parameters, source: path)
    guard Self.isFinite(parameters.trainable) else { throw Failure.captionerNumbers(path, "weights") }
    let own = [
      Self.formatKey, Self.decoderKey, Self.kindKey, Self.vocabularyKey, Self.conditioningKey, Self.sentencesKey,
    ]
    self.init(
      decoder, try parts.vocabulary(decoder), parameters, conditioning: try parts.conditioning(decoder),
      neighbors: try parts.neighbors(decoder), metadata: metadata.filter { !own.contains($0.key) })
  }

  /// The contents of a file, read and checked part by part.
  private struct FileParts {
    let path: String
    let tensors: NamedTensors
    let metadata: [String: String]

    private func text(_ key: String) throws -> String {
      guard let text = metadata[key] else { throw Failure.captionerPart(path, key) }
      return text
    }

    /// The decoder that the metadata describes; its sizes must match those of the tensors.
    func decoder() throws -> CaptionDecoder {
      let bytes = Array(try text(CaptionModel.decoderKey).utf8)
      let decoder = try CanonicalJSON.decode(CaptionDecoder.self, from: bytes, source: path)
      if let problem = decoder.problem { throw Failure.captionerSize(path, problem) }
      for spec in decoder.parameters {
        let tensor = try tensors.required(spec.name, source: path)
        guard tensor.shape == spec.shape else {
          throw Failure.weightShape("\(path), \(spec.name)", tensor.shape, expected: spec.shape)
        }
      }
      return decoder
    }

    func vocabulary(_ decoder: CaptionDecoder) throws -> CaptionVocabulary {
      guard let kind = CaptionVocabulary.Kind(rawValue: try text(CaptionModel.kindKey)) else {
        throw Failure.captionerPart(path, CaptionModel.kindKey)
      }
      let bytes = Array(try text(CaptionModel.vocabularyKey).utf8)
      let tokens = try CanonicalJSON.decode([String].self, from: bytes, source: path)
      let vocabulary = try CaptionVocabulary(kind, file: tokens, source: path)
      guard vocabulary.count == decoder.vocabulary else {
        throw Failure.captionerVocabulary(
          path, "\(vocabulary.count) tokens, and the decoder has \(decoder.vocabulary)")
      }
      return vocabulary
    }

    func conditioning(_ decoder: CaptionDecoder) throws -> CaptionConditioning {
      let words = try text(CaptionModel.conditioningKey).split(separator: " ")
      switch (words.first, words.count > 1 ? Double(words[1]) : nil) {
      case ("windows", _): return .windows
      case ("mean", _): return .mean
      case ("projection", let temperature?) where temperature > 1e-6 && temperature < 1e6:
        return .projection(memory: try rows(CaptionModel.memory, decoder), temperature: temperature)
      default: throw Failure.captionerPart(path, CaptionModel.conditioningKey)
      }
    }

    func neighbors(_ decoder: CaptionDecoder) throws -> CaptionNeighbors? {
      guard let list = metadata[CaptionModel.sentencesKey] else { return nil }
      let sentences = try CanonicalJSON.decode([String].self, from: Array(list.utf8), source: path)
      let embeddings = try rows(CaptionModel.neighbors, decoder)
      guard sentences.count * decoder.inputs == embeddings.count else {
        throw Failure.captionerPart(path, CaptionModel.sentencesKey)
      }
      return CaptionNeighbors(sentences, embeddings)
    }

    private func rows(_ name: String, _ decoder: CaptionDecoder) throws -> FloatBuffer {
      let tensor = try tensors.required(name, source: path)
      guard tensor.shape.count == 2, tensor.shape[0] > 0, tensor.shape[1] == decoder.inputs else {
        throw Failure.weightShape("\(path), \(name)", tensor.shape, expected: [1, decoder.inputs])
      }
      let rows = FloatBuffer(try tensor.floats())
      guard CaptionModel.isFinite(rows) else { throw Failure.captionerNumbers(path, name) }
      return rows
    }
  }

  private static func isFinite(_ buffer: FloatBuffer) -> Bool {
    (0..<buffer.count).allSatisfy { buffer.start[$0].isFinite }
  }
}

extension CaptionDecoder {
  /// Why no decoder can have these sizes; nil if nothing is wrong.
  package var problem: String? {
    let bounds: [(name: String, value: Int, range: ClosedRange<Int>)] = [
      ("inputs", inputs, 1...8192), ("vocabulary", vocabulary, 4...200_000), ("width", width, 2...4096),
      ("heads", heads, 1...256), ("depth", depth, 1...64), ("hidden", hidden, 1...32_768),
      ("mostTokens", mostTokens, 2...1024), ("mostFrames", mostFrames, 1...4096),
    ]
    if let bad = bounds.first(where: { !$0.range.contains($0.value) }) {
      return "\(bad.name) \(bad.value), and it may be \(bad.range.lowerBound) to \(bad.range.upperBound)"
    }
    if width % heads != 0 { return "\(heads) heads do not divide a width of \(width)" }
    if width % 2 != 0 { return "a width of \(width) is odd" }
    let rates = [dropout, frameDropout]
    return rates.allSatisfy { $0 >= 0 && $0 < 1 } ? nil : "a rate of dropout outside 0 to 1"
  }
}
