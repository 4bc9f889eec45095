import Basics
import Kernels
import Networks
import Tensors

/// A trained decoder and all that it needs to caption audio clips from their embeddings: its vocabulary, its
/// conditioning, and, if they were kept, the sentences and embeddings that it was trained on.
package struct CaptionModel: Sendable {
  package let decoder: CaptionDecoder
  package let vocabulary: CaptionVocabulary
  package let parameters: Parameters
  package let conditioning: CaptionConditioning
  package let neighbors: CaptionNeighbors?
  /// Information about the model, such as the encoder whose embeddings it was trained on.
  package let metadata: [String: String]

  /// The metadata key of the encoder's digest.
  package static let encoderKey = "encoder_weights"

  package init(
    _ decoder: CaptionDecoder, _ vocabulary: CaptionVocabulary, _ parameters: Parameters,
    conditioning: CaptionConditioning, neighbors: CaptionNeighbors? = nil, metadata: [String: String] = [:]
  ) {
    (self.decoder, self.vocabulary, self.parameters) = (decoder, vocabulary, parameters)
    (self.conditioning, self.neighbors, self.metadata) = (conditioning, neighbors, metadata)
  }

  /// A sentence for an audio clip.
  package struct Caption: Sendable, Equatable {
    package var text: String
    /// The mean log-likelihood of its tokens, including the end token.
    package var score: Double
    package var tokens: [String]
    /// Of each token, and of the end token.
    package var logLikelihoods: [Double]
  }

  /// A sentence for each audio clip; it depends only on that clip.
  /// - Parameter audioClips: the embeddings of each clip, `[embeddings, width]` with width `decoder.inputs`; at least
  ///   one per clip.
  package func captions(
    _ audioClips: [[Float]], _ options: BeamSearch.Options = .init(), ops: any Ops, threads: WorkerThreads
  ) -> [Caption] {
    let rows = audioClips.map { conditioning.rows($0, width: decoder.inputs, most: decoder.mostFrames) }
    return BeamSearch(decoder, parameters, vocabulary, options).sentences(rows, ops: ops, threads: threads).map {
      Caption(
        text: vocabulary.text($0.tokens), score: $0.score, tokens: $0.tokens.map { vocabulary.tokens[$0] },
        logLikelihoods: $0.logLikelihoods)
    }
  }
}

/// Sentences that a captioner was trained on, with the embeddings of their clips or texts: the sentence of the nearest
/// embedding is the baseline that a captioner must beat.
package struct CaptionNeighbors: Sendable {
  package let sentences: [String]
  /// `[sentences, width]`, scaled to length √width.
  package let embeddings: FloatBuffer

  package init(_ sentences: [String], _ embeddings: FloatBuffer) {
    (self.sentences, self.embeddings) = (sentences, embeddings)
  }

  /// The sentence whose embedding has the largest cosine with the mean of an audio clip's embeddings, and that cosine;
  /// between equal cosines, the first sentence.
  package func nearest(_ audio: [Float], width: Int) -> (sentence: String, cosine: Double) {
    let mean = CaptionConditioning.mean(CaptionConditioning.scaled(audio, width: width), width: width)
    let query = CaptionConditioning.scaled(mean, width: width)
    var products = [Float](repeating: 0, count: sentences.count)
    Matrix.multiply(query, embeddings.start, bTransposed: true, into: &products, m: 1, n: sentences.count, k: width)
    var best = 0
    for (row, product) in products.enumerated() where product > products[best] { best = row }
    return (sentences[best], Double(products[best]) / Double(width))
  }
}
