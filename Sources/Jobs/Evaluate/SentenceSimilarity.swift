import Basics
import CLIP
import Evaluation
import Kernels

/// Cosine similarity of two sentences in the embedding space of a CLIP model's text tower.
final class SentenceSimilarity {
  /// The name of the model, for people.
  let name: String
  private let embedder: TextEmbedder
  /// Embeddings of norm one, by text.
  private var embeddings: [String: [Float]] = [:]

  /// - Throws: `clip.…`.
  init(_ path: String, _ settings: CaptionSettings, _ threads: WorkerThreads) throws {
    let model = try CLIPModel(path, activation: settings.activation)
    name = "\(model.name) \(model.gelu.rawValue)"
    embedder = try TextEmbedder(model, tokenizer: settings.tokenizer, backend: FastBackend(), threads: threads)
  }

  /// The cosine, from −1 to 1.
  func cosine(_ a: String, _ b: String) throws -> Double {
    let (x, y) = (try embedding(a), try embedding(b))
    return zip(x, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
  }

  private func embedding(_ text: String) throws -> [Float] {
    if let known = embeddings[text] { return known }
    let made = UnitRows(try embedder.embed([text]).flatMap(\.self), width: embedder.width).rows([0])
    embeddings[text] = made
    return made
  }
}
