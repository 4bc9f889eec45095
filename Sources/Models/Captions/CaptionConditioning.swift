import Basics
import Kernels

/// The decoder's input for an audio clip, computed from the clip's embeddings.
package enum CaptionConditioning: Sendable {
  /// All embeddings, one per second: for decoders that were trained on audio clips.
  case windows
  /// One embedding, the mean of all: for decoders that were trained on texts.
  case mean
  /// One embedding, a weighted sum of the texts' embeddings; the weights are the softmax of the cosines with the mean,
  /// divided by `temperature`.
  case projection(memory: FloatBuffer, temperature: Double)

  package static let temperature = 0.01

  /// The embeddings scaled to length √width, so that a value is about 1; an embedding of zeros stays zero.
  package static func scaled(_ embeddings: [Float], width: Int) -> [Float] {
    var result = embeddings
    for start in stride(from: 0, to: embeddings.count - width + 1, by: width) {
      var sum = 0.0
      for i in start..<start + width { sum += Double(embeddings[i]) * Double(embeddings[i]) }
      let factor = sum > 0 ? (Double(width) / sum).squareRoot() : 0
      for i in start..<start + width { result[i] = Float(Double(embeddings[i]) * factor) }
    }
    return result
  }

  /// - Parameters:
  ///   - embeddings: of the audio, `[embeddings, width]`.
  ///   - most: the number of embeddings that the decoder takes; from more, that many are taken at even distances.
  /// - Returns: `[rows, width]`, scaled.
  package func rows(_ embeddings: [Float], width: Int, most: Int) -> [Float] {
    let scaled = Self.scaled(embeddings, width: width)
    switch self {
    case .windows:
      let count = scaled.count / width
      guard count > most else { return scaled }
      return (0..<most).flatMap { place -> ArraySlice<Float> in
        let row = place * count / most
        return scaled[row * width..<(row + 1) * width]
      }
    case .mean: return Self.scaled(Self.mean(scaled, width: width), width: width)
    case .projection(let memory, let temperature):
      let mean = Self.scaled(Self.mean(scaled, width: width), width: width)
      return Self.scaled(Self.project(mean, memory, temperature), width: width)
    }
  }

  package static func mean(_ embeddings: [Float], width: Int) -> [Float] {
    var sums = [Double](repeating: 0, count: width)
    for (i, value) in embeddings.enumerated() { sums[i % width] += Double(value) }
    let count = Double(max(1, embeddings.count / width))
    return sums.map { Float($0 / count) }
  }

  /// - Parameter memory: rows of length √width.
  private static func project(_ embedding: [Float], _ memory: FloatBuffer, _ temperature: Double) -> [Float] {
    let (width, rows) = (embedding.count, memory.count / embedding.count)
    var cosines = [Float](repeating: 0, count: rows)
    Matrix.multiply(embedding, memory.start, bTransposed: true, into: &cosines, m: 1, n: rows, k: width)
    let most = Double(cosines.max() ?? 0)
    let shares = cosines.map { exponential((Double($0) - most) / (Double(width) * temperature)) }
    let total = shares.reduce(0, +)
    var sums = [Double](repeating: 0, count: width)
    for (row, share) in shares.enumerated() where share > 0 {
      for i in 0..<width { sums[i] += share / total * Double(memory.start[row * width + i]) }
    }
    return sums.map(Float.init)
  }
}
