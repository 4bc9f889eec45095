import Kernels

/// A Transformer decoder that writes a sentence for an audio clip word by word. It attends to the previous words and to
/// the audio's embeddings. Its blocks normalize their outputs (Vaswani et al. 2017); its sizes are those of DCASE
/// 2024's baseline for captions. Parameters are named as in PyTorch's `TransformerDecoderLayer`, except for `q_proj`,
/// `k_proj` and `v_proj`, which are thirds of its `in_proj`.
package struct CaptionDecoder: Codable, Sendable, Equatable {
  package enum Inner: String, Codable, Sendable, CaseIterable { case gelu, relu }
  package enum Positions: String, Codable, Sendable, CaseIterable { case sinusoidal, learned }

  /// Values of an audio clip's embedding.
  package var inputs: Int
  /// The number of tokens in the vocabulary.
  package var vocabulary: Int
  package var width = 256
  package var heads = 4
  package var depth = 6
  /// Width between the two linear layers of a feed-forward part.
  package var hidden = 2048
  package var inner = Inner.gelu
  package var positions = Positions.sinusoidal
  /// Whether the last layer uses the matrix of the token embedding.
  package var isTied = false
  /// Tokens of the longest sentence, including either its begin or its end token.
  package var mostTokens = 32
  /// Embeddings of the longest audio.
  package var mostFrames = 64
  /// The dropout rate of token embeddings, of the blocks' sublayer outputs, and inside feed-forward parts.
  package var dropout = 0.2
  /// The dropout rate of the audio's embeddings, before and after their linear layer.
  package var frameDropout = 0.5

  package init(inputs: Int, vocabulary: Int) { (self.inputs, self.vocabulary) = (inputs, vocabulary) }

  package static let prefix = "decoder"

  var embedding: TokenEmbedding {
    TokenEmbedding(
      "\(Self.prefix).token_embedding", vocabulary: vocabulary, width: width, scale: Float(width).squareRoot(),
      isMixed: true, isShared: isTied)
  }
  var frames: Linear { Linear("\(Self.prefix).frame_projection", inputs: inputs, outputs: width) }
  var learned: PositionalEmbedding {
    PositionalEmbedding("\(Self.prefix).position_embedding", tokens: mostTokens, width: width)
  }
  var last: Linear {
    Linear(
      "\(Self.prefix).output", inputs: width, outputs: vocabulary, sharing: isTied ? embedding.name : nil)
  }
  var blocks: [CaptionBlock] { (0..<depth).map { CaptionBlock("\(Self.prefix).layers.\($0)", self) } }

  /// From embeddings and tokens to scores of the next token, `[tokens, vocabulary]` for each sentence. A token has
  /// three values: its id, the id of the token that it is mixed with or −1, and its share in the mix.
  /// - Parameters:
  ///   - frames, tokens: the largest number of rows of a sentence.
  package func layers(frames: Int, tokens: Int) -> [any LayerDescription] {
    let memory: [any LayerDescription] = [
      TokenDropout("\(Self.prefix).frame_dropout1", rate: Float(frameDropout)), self.frames, ReLU(),
      TokenDropout("\(Self.prefix).frame_dropout2", rate: Float(frameDropout)),
    ]
    let positions: any LayerDescription =
      switch self.positions {
      case .sinusoidal: SinusoidalPositions(width: width)
      case .learned: learned
      }
    let first: [any LayerDescription] = [
      embedding, positions, TokenDropout("\(Self.prefix).token_dropout", rate: Float(dropout)),
    ]
    return [
      WithMemory(
        memory: .init(rows: frames, width: inputs), memory, tokens: .init(rows: tokens, width: 3),
        first + blocks.flatMap(\.layers)),
      last,
    ]
  }

  /// In the order of files.
  package var parameters: [ParameterSpec] { layers(frames: mostFrames, tokens: mostTokens).flatMap(\.parameters) }
}

/// One block: attention to the previous words, attention to the audio, feed-forward. The output of each is added to its
/// input, and the sum is normalized.
struct CaptionBlock: Sendable {
  let attention: Attention
  let cross: CrossAttention
  let first: Linear
  let second: Linear
  let inner: any LayerDescription
  let norms: [LayerNorm]
  private let name: String
  private let rate: Float

  init(_ name: String, _ decoder: CaptionDecoder) {
    let width = decoder.width
    (self.name, rate) = (name, Float(decoder.dropout))
    attention = Attention("\(name).self_attn", width: width, heads: decoder.heads, isCausal: true)
    cross = CrossAttention("\(name).multihead_attn", width: width, memoryWidth: width, heads: decoder.heads)
    first = Linear("\(name).linear1", inputs: width, outputs: decoder.hidden)
    second = Linear("\(name).linear2", inputs: decoder.hidden, outputs: width)
    inner = decoder.inner == .gelu ? GELU(.exact) : ReLU()
    norms = (1...3).map { LayerNorm("\(name).norm\($0)", width: width) }
  }

  var layers: [any LayerDescription] {
    func drop(_ place: String) -> TokenDropout { TokenDropout("\(name).\(place)", rate: rate) }
    return [
      Residual([attention, drop("dropout1")]), norms[0], Residual([cross, drop("dropout2")]), norms[1],
      Residual([first, inner, drop("dropout"), second, drop("dropout3")]), norms[2],
    ]
  }
}
