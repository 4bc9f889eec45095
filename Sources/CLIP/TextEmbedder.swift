import Basics
import Kernels
import Networks

/// Computes embeddings of texts with a model's text tower, not normalized to length one.
///
/// An embedding's bits depend only on the text and the weights. Texts are not padded: the end token cannot attend to
/// padding after it. Only one call may run at a time.
package final class TextEmbedder: @unchecked Sendable {
  /// Values of an embedding.
  package let width: Int
  package let tokenizer: Tokenizer
  private let tower: TextTransformer
  private let network: InferenceNetwork

  /// - Throws: `clip.tower` for a model without a text tower; `clip.tokenizer`.
  package init(_ model: CLIPModel, tokenizer path: String? = nil, backend: any Backend, threads: WorkerThreads) throws {
    tower = try model.textTower()
    tokenizer = try model.tokenizer(path)
    width = tower.embedding
    network = InferenceNetwork(tower.layers, width: width, model.weights, backend: backend, threads: threads)
  }

  /// One embedding per text.
  package func embed(_ texts: [String]) throws -> [[Float]] { try embed(tokens: texts.map { tokenizer.encode($0) }) }

  /// One embedding per row of tokens; each row ends with the end token.
  package func embed(tokens: [[Int]]) throws -> [[Float]] {
    var result = [[Float]](repeating: [], count: tokens.count)
    for (length, places) in Dictionary(grouping: tokens.indices, by: { tokens[$0].count }).sorted(by: {
      $0.key < $1.key
    }) {
      let rows = try network.run(places.count, of: tower.input(tokens: length)) { text, _, place in
        for (i, token) in tokens[places[text]].enumerated() { place[i] = Float(token) }
      }
      for (row, place) in places.enumerated() { result[place] = rows[row * width..<(row + 1) * width] }
    }
    return result
  }
}
