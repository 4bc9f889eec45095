import Kernels

/// A stack of Transformer blocks that normalize their inputs (Radford et al. 2019): x + attention(norm(x)), then x +
/// feed-forward(norm(x)).
package struct TransformerShape: Sendable, Equatable {
  package var width: Int
  /// A divisor of the width.
  package var heads: Int
  package var depth: Int
  /// Width between the two linear layers of a feed-forward part.
  package var hidden: Int
  package var gelu: GELUKind

  package init(width: Int, heads: Int, depth: Int, hidden: Int, gelu: GELUKind) {
    (self.width, self.heads, self.depth, self.hidden, self.gelu) = (width, heads, depth, hidden, gelu)
  }

  /// - Parameter prefix: `vision` gives `vision.layers.0.layer_norm1.weight`, ….
  func blocks(_ prefix: String, isCausal: Bool) -> [any LayerDescription] {
    (0..<depth).flatMap { index -> [any LayerDescription] in
      let name = "\(prefix).layers.\(index)"
      return [
        Residual([
          LayerNorm("\(name).layer_norm1", width: width),
          Attention("\(name).self_attn", width: width, heads: heads, isCausal: isCausal),
        ]),
        Residual([
          LayerNorm("\(name).layer_norm2", width: width),
          FeedForward("\(name).mlp", width: width, hidden: hidden, gelu),
        ]),
      ]
    }
  }
}

/// CLIP's image tower (Dosovitskiy et al. 2021; Radford et al. 2021): from an image with three color planes to an
/// embedding.
package struct VisionTransformer: Sendable, Equatable {
  package var shape: TransformerShape
  /// The width and height of an image, in pixels.
  package var imageSize: Int
  /// The width and height of a patch, in pixels.
  package var patchSize: Int
  /// Values of an embedding.
  package var embedding: Int

  package init(_ shape: TransformerShape, imageSize: Int, patchSize: Int, embedding: Int) {
    (self.shape, self.imageSize, self.patchSize, self.embedding) = (shape, imageSize, patchSize, embedding)
  }

  package static let prefix = "vision"

  /// The size of one image.
  package var input: Extent { Extent(images: 1, channels: 3, height: imageSize, width: imageSize, block: 1) }

  /// The number of tokens: patches and the class token.
  package var tokens: Int { imageSize / patchSize * (imageSize / patchSize) + 1 }

  package var layers: [any LayerDescription] {
    let (name, width) = (Self.prefix, shape.width)
    let first: [any LayerDescription] = [
      Patches(size: patchSize),
      Linear("\(name).patch_embedding", inputs: 3 * patchSize * patchSize, outputs: width, hasBias: false),
      ClassToken("\(name).class_embedding", width: width),
      PositionalEmbedding("\(name).position_embedding", tokens: tokens, width: width),
      LayerNorm("\(name).pre_layernorm", width: width),
    ]
    let last: [any LayerDescription] = [
      TakeToken(.first), LayerNorm("\(name).post_layernorm", width: width),
      Linear("\(name).projection", inputs: width, outputs: embedding, hasBias: false),
    ]
    return first + shape.blocks(name, isCausal: false) + last
  }

  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }
}

/// CLIP's text tower: from a row of ids, which ends with the end token, to an embedding. Tokens after the end token
/// could not change the embedding, since no token attends to later ones.
package struct TextTransformer: Sendable, Equatable {
  package var shape: TransformerShape
  package var vocabulary: Int
  /// Tokens of the longest text.
  package var context: Int
  /// Values of an embedding.
  package var embedding: Int

  package init(_ shape: TransformerShape, vocabulary: Int, context: Int, embedding: Int) {
    (self.shape, self.vocabulary, self.context, self.embedding) = (shape, vocabulary, context, embedding)
  }

  package static let prefix = "text"

  /// The size of one text with `tokens` tokens.
  package func input(tokens: Int) -> Extent { .row(images: 1, width: tokens) }

  package var layers: [any LayerDescription] {
    let (name, width) = (Self.prefix, shape.width)
    let first: [any LayerDescription] = [
      TokenEmbedding("\(name).token_embedding", vocabulary: vocabulary, width: width),
      PositionalEmbedding("\(name).position_embedding", tokens: context, width: width),
    ]
    let last: [any LayerDescription] = [
      TakeToken(.last), LayerNorm("\(name).final_layer_norm", width: width),
      Linear("\(name).projection", inputs: width, outputs: embedding, hasBias: false),
    ]
    return first + shape.blocks(name, isCausal: true) + last
  }

  package var parameters: [ParameterSpec] { layers.flatMap(\.parameters) }
}
