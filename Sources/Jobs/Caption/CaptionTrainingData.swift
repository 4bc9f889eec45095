import Basics
import Kernels
import Models
import Training

/// The training data of a captioner as tokens, read from files once; the same on every rank.
struct CaptionTrainingData {
  let vocabulary: CaptionVocabulary
  let train: CaptionSamples
  /// Nil when there are no validation clips with captions.
  let validation: CaptionSamples?
  let conditioning: CaptionConditioning
  let neighbors: CaptionNeighbors?
  /// Digest of all embeddings and tokens.
  let digest: Digest
  /// Number of sentences that were longer than the decoder accepts and were cut.
  let cut: Int
  /// Number of clips without a caption.
  let uncaptioned: Int

  init(_ settings: CaptionTrainSettings) throws {
    let most = settings.decoder.mostTokens - 1
    let (names, embeddings, references, width, uncaptioned) = try Self.training(settings)
    self.uncaptioned = uncaptioned
    let cutSentences = references.joined().map { settings.tokens($0) }
    cut = cutSentences.count { $0.count > most }
    let vocabulary = CaptionVocabulary(settings.kind, of: cutSentences, floor: settings.floor)
    guard vocabulary.count > 3 else { throw Failure.captionNoWords(floor: settings.floor) }
    self.vocabulary = vocabulary
    let tokens = { (sentence: String) in Array(vocabulary.numbers(of: settings.tokens(sentence)).prefix(most)) }
    let frames = settings.decoder.mostFrames
    // A text has one embedding, so a decoder trained on texts also gets one embedding for an audio clip.
    let own = CaptionConditioning.windows
    train = CaptionSamples(
      width: width, names: names, audioClips: embeddings.map { own.rows($0, width: width, most: frames) },
      references: references, tokens: tokens)
    conditioning =
      switch settings.texts?.bridge {
      case nil: .windows
      case .noise: .mean
      case .projection:
        .projection(
          memory: FloatBuffer(train.audioClips.flatMap { CaptionConditioning.mean($0, width: width) }),
          temperature: CaptionConditioning.temperature)
      }
    neighbors =
      settings.keepsNeighbors
      ? CaptionNeighbors(
        references.map { $0[0] },
        FloatBuffer(
          train.audioClips.flatMap {
            CaptionConditioning.scaled(CaptionConditioning.mean($0, width: width), width: width)
          })
      )
      : nil
    validation = try Self.validation(settings, width, conditioning, tokens)
    let hasher = DigestBuilder()
    for samples in [train, validation].compactMap(\.self) {
      for audio in samples.audioClips { audio.withUnsafeBytes { hasher.update($0) } }
      for (id, sentence) in zip(samples.ids, samples.sentences) {
        hasher.update(field: "\(id) \(sentence.audio) \(sentence.tokens)")
      }
      for text in samples.references.joined() { hasher.update(field: text) }
    }
    for token in vocabulary.tokens { hasher.update(field: token) }
    digest = hasher.finish()
  }

  private static func training(
    _ settings: CaptionTrainSettings
  ) throws -> (names: [String], embeddings: [[Float]], references: [[String]], width: Int, uncaptioned: Int) {
    if let texts = settings.texts {
      let sentences = settings.captions.sorted { precedesInBytes($0.key, $1.key) }.flatMap { id, sentences in
        sentences.enumerated().filter { !settings.tokens($0.element).isEmpty }.map {
          ("\(id)\0\($0.offset)", $0.element)
        }
      }
      guard !sentences.isEmpty else { throw Failure.captionsNone("the sentences") }
      let embeddings = try texts.embeddings(sentences.map(\.1))
      return (sentences.map(\.0), embeddings, sentences.map { [$0.1] }, embeddings.first?.count ?? 0, 0)
    }
    let path = settings.embeddings ?? ""
    let usable = settings.captions.mapValues { $0.filter { !settings.tokens($0).isEmpty } }
    let all = try CaptionEmbeddings(path)
    let (embeddings, references) = all.joined(usable)
    guard !embeddings.keys.isEmpty else { throw Failure.captionsNone(path) }
    return (embeddings.keys, embeddings.rows, references, embeddings.width, all.keys.count - embeddings.keys.count)
  }

  private static func validation(
    _ settings: CaptionTrainSettings, _ width: Int, _ conditioning: CaptionConditioning, _ tokens: (String) -> [Int]
  ) throws -> CaptionSamples? {
    guard let path = settings.validationEmbeddings else { return nil }
    let usable = settings.validationCaptions.mapValues { $0.filter { !settings.tokens($0).isEmpty } }
    let (embeddings, references) = try CaptionEmbeddings(path).joined(usable)
    guard !embeddings.keys.isEmpty else { return nil }
    guard embeddings.width == width else { throw Failure.captionWidth(path, found: embeddings.width, expected: width) }
    return CaptionSamples(
      width: width, names: embeddings.keys,
      audioClips: embeddings.rows.map { conditioning.rows($0, width: width, most: settings.decoder.mostFrames) },
      references: references, tokens: tokens)
  }
}
