import Basics
import Kernels
import Models
import Networks

/// A batch of sentences as the input of the decoder's network. It depends only on seed, epoch and the sentences' ids,
/// not on the process or thread that fills it.
struct CaptionBatch {
  let samples: CaptionSamples
  let recipe: CaptionRecipe
  let seed: UInt64
  /// Rows of the network's input.
  let (frames, tokens): (Int, Int)
  /// The indices of the batch's sentences.
  let sentences: [Int]
  /// Nil for validation: no mixup and no noise.
  let epoch: Int?

  /// Values of one row of the input.
  var rowWidth: Int { frames * samples.width + tokens * 3 }

  /// The number of words that the batch must predict: those of its sentences and the end tokens.
  var words: Int { sentences.reduce(0) { $0 + samples.sentences[$1].tokens.count + 1 } }

  func tokenCount(_ row: Int) -> Int { samples.sentences[sentences[row]].tokens.count + 1 }

  /// The sentence that a sentence is mixed with: the next one in the batch.
  private func partner(_ row: Int) -> Int { (row + 1) % sentences.count }

  /// The sentence's own share in the mix; 1: it is not mixed.
  private func share(_ row: Int) -> Float {
    guard let epoch, recipe.mixup > 0, sentences.count > 1 else { return 1 }
    var random = SeededRandom(seed: seed, for: "mixup\0" + samples.ids[sentences[row]], UInt64(epoch))
    return Float(Self.largerShare(recipe.mixup, &random))
  }

  /// max(x, 1 − x) for x drawn from Beta(α, α), α ≤ 1 (Jöhnk 1964).
  static func largerShare(_ alpha: Double, _ random: inout SeededRandom) -> Double {
    while true {
      let (a, b) = (
        exponential(naturalLogarithm(1 - random.uniform()) / alpha),
        exponential(naturalLogarithm(1 - random.uniform()) / alpha)
      )
      if a + b > 0, a + b <= 1 { return max(a, b) / (a + b) }
    }
  }

  private func embeddings(_ row: Int) -> [Float] {
    let embeddings = samples.audioClips[samples.sentences[sentences[row]].audio]
    guard let epoch, recipe.noise > 0 else { return embeddings }
    var random = SeededRandom(seed: seed, for: "noise\0" + samples.ids[sentences[row]], UInt64(epoch))
    // An embedding of length one is scaled to length √width here.
    let deviation = recipe.noise * Double(samples.width).squareRoot()
    return CaptionConditioning.scaled(
      embeddings.map { Float(Double($0) + deviation * random.normal()) }, width: samples.width)
  }

  /// Fills one row of the input.
  /// - Returns: the number of its embeddings, and the words to predict.
  func fill(_ row: Int, _ place: MutableFloats) -> (frames: Int, targets: [Int32]) {
    let share = share(row)
    let sentence = samples.sentences[sentences[row]].tokens
    var (own, other) = (embeddings(row), [Float]())
    var second: [Int]?
    if share < 1 {
      other = embeddings(partner(row))
      second = [CaptionVocabulary.begin] + samples.sentences[sentences[partner(row)]].tokens
      // If one of the two has fewer embeddings, its missing ones count as zeros.
      if own.count < other.count { own += [Float](repeating: 0, count: other.count - own.count) }
    }
    for (i, value) in own.enumerated() {
      place[i] = share < 1 ? value * share + (i < other.count ? other[i] * (1 - share) : 0) : value
    }
    for (t, token) in ([CaptionVocabulary.begin] + sentence).enumerated() {
      let at = place + frames * samples.width + 3 * t
      at[0] = Float(token)
      at[1] = second.map { t < $0.count ? Float($0[t]) : -1 } ?? -1
      at[2] = share
    }
    return (own.count / samples.width, (sentence + [CaptionVocabulary.end]).map(Int32.init))
  }
}
