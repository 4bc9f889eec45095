import Basics
import Kernels
import Models
import Training

/// What a captioner is trained on, in tokens: made of files once, the same for every rank.
struct CaptionTrainingData {
  let vocabulary: CaptionVocabulary
  let train: CaptionSamples
  /// Nil: there are no sounds with sentences to look at.
  let validation: CaptionSamples?
  let conditioning: CaptionConditioning
  let neighbors: CaptionNeighbors?
  /// Of vectors and tokens.
  let digest: Digest
  /// Sentences that were longer than the decoder takes, and were cut.
  let cut: Int
  /// Clips without a caption.
  let uncaptioned: Int

  init(_ settings: CaptionTrainSettings) throws {
    let most = settings.decoder.mostTokens - 1
    let (names, vectors, references, width, uncaptioned) = try Self.training(settings)
    self.uncaptioned = uncaptioned
    let cutSentences = references.joined().map { settings.tokens($0) }
    cut = cutSentences.count { $0.count > most }
    let vocabulary = CaptionVocabulary(settings.kind, of: cutSentences, floor: settings.floor)
    guard vocabulary.count > 3 else { throw Failure.captionNoWords(floor: settings.floor) }
    self.vocabulary = vocabulary
    let tokens = { (sentence: String) in Array(vocabulary.numbers(of: settings.tokens(sentence)).prefix(most)) }
    let frames = settings.decoder.mostFrames
    // Texts have one vector each, and a decoder that is trained on them sees one of a sound.
    let own = CaptionConditioning.windows
    train = CaptionSamples(
      width: width, names: names, sounds: vectors.map { own.rows($0, width: width, most: frames) },
      references: references, tokens: tokens)
    conditioning =
      switch settings.texts?.bridge {
      case nil: .windows
      case .noise: .mean
      case .projection:
        .projection(
          memory: FloatBuffer(train.sounds.flatMap { CaptionConditioning.mean($0, width: width) }),
          temperature: CaptionConditioning.temperature)
      }
    neighbors =
      settings.keepsNeighbors
      ? CaptionNeighbors(
        references.map { $0[0] },
        FloatBuffer(
          train.sounds.flatMap { CaptionConditioning.scaled(CaptionConditioning.mean($0, width: width), width: width) })
      )
      : nil
    validation = try Self.validation(settings, width, conditioning, tokens)
    let hasher = DigestBuilder()
    for samples in [train, validation].compactMap(\.self) {
      for sound in samples.sounds { sound.withUnsafeBytes { hasher.update($0) } }
      for (id, sentence) in zip(samples.ids, samples.sentences) {
        hasher.update(field: "\(id) \(sentence.sound) \(sentence.tokens)")
      }
      for text in samples.references.joined() { hasher.update(field: text) }
    }
    for token in vocabulary.tokens { hasher.update(field: token) }
    digest = hasher.finish()
  }

  private static func training(
    _ settings: CaptionTrainSettings
  ) throws -> (names: [String], vectors: [[Float]], references: [[String]], width: Int, uncaptioned: Int) {
    if let texts = settings.texts {
      let sentences = settings.captions.sorted { precedesInBytes($0.key, $1.key) }.flatMap { id, sentences in
        sentences.enumerated().filter { !settings.tokens($0.element).isEmpty }.map {
          ("\(id)\0\($0.offset)", $0.element)
        }
      }
      guard !sentences.isEmpty else { throw Failure.captionsNone("the sentences") }
      let vectors = try texts.vectors(sentences.map(\.1))
      return (sentences.map(\.0), vectors, sentences.map { [$0.1] }, vectors.first?.count ?? 0, 0)
    }
    let path = settings.vectors ?? ""
    let usable = settings.captions.mapValues { $0.filter { !settings.tokens($0).isEmpty } }
    let all = try CaptionVectors(path)
    let (vectors, references) = all.joined(usable)
    guard !vectors.keys.isEmpty else { throw Failure.captionsNone(path) }
    return (vectors.keys, vectors.rows, references, vectors.width, all.keys.count - vectors.keys.count)
  }

  private static func validation(
    _ settings: CaptionTrainSettings, _ width: Int, _ conditioning: CaptionConditioning, _ tokens: (String) -> [Int]
  ) throws -> CaptionSamples? {
    guard let path = settings.validationVectors else { return nil }
    let usable = settings.validationCaptions.mapValues { $0.filter { !settings.tokens($0).isEmpty } }
    let (vectors, references) = try CaptionVectors(path).joined(usable)
    guard !vectors.keys.isEmpty else { return nil }
    guard vectors.width == width else { throw Failure.captionWidth(path, found: vectors.width, expected: width) }
    return CaptionSamples(
      width: width, names: vectors.keys,
      sounds: vectors.rows.map { conditioning.rows($0, width: width, most: settings.decoder.mostFrames) },
      references: references, tokens: tokens)
  }
}
