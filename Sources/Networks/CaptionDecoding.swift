import Kernels

/// Decodes sentences for several audio clips with a decoder's frozen weights, one token per step. Keys and values of
/// earlier tokens are kept, so that a step computes only one token per sentence. Runs on the calling thread.
///
/// The bits of a sentence's scores depend only on its own tokens and its own audio, not on what else is decoded.
package final class CaptionDecoding {
  /// An unfinished sentence in this step.
  package struct Row: Sendable {
    package var audio: Int
    /// The row of the previous step that this sentence continues; unused in the first step.
    package var parent: Int
    package var token: Int

    package init(audio: Int, parent: Int, token: Int) {
      (self.audio, self.parent, self.token) = (audio, parent, token)
    }
  }

  private let decoder: CaptionDecoder
  private let parameters: Parameters
  private let ops: any Ops
  private let mostRows: Int
  private let blocks: [CaptionBlock]
  /// By block: keys and values of the audio clips' embeddings, `[embeddings, width]`; `audioClips` holds the rows of
  /// each clip.
  private var memory: [(keys: FloatBuffer, values: FloatBuffer)] = []
  private var audioClips: [Range<Int>] = []
  /// By block: keys and values of tokens, `[steps, mostRows, width]`.
  private let past: [(keys: FloatBuffer, values: FloatBuffer)]
  /// By row of the previous step: the row of its sentence in each step so far.
  private var ancestors: [[Int]] = []
  private var step = 0
  private let (x, y, z, inner, scores): (FloatBuffer, FloatBuffer, FloatBuffer, FloatBuffer, FloatBuffer)

  /// Scores of the next token, `[rows, vocabulary]`, after `advance`.
  package let logits: FloatBuffer

  /// - Parameters:
  ///   - audioClips: the embeddings of each clip, `[embeddings, inputs]`; at least one, at most `mostFrames`.
  ///   - mostRows: the largest number of sentences in a step.
  ///   - mostTokens: the largest number of steps.
  package init(
    _ decoder: CaptionDecoder, _ parameters: Parameters, ops: any Ops, audioClips: [[Float]], mostRows: Int,
    mostTokens: Int
  ) {
    (self.decoder, self.parameters, self.ops, self.mostRows) = (decoder, parameters, ops, mostRows)
    let (blocks, width) = (decoder.blocks, decoder.width)
    self.blocks = blocks
    let place = { FloatBuffer(mostTokens * mostRows * width) }
    past = blocks.map { _ in (place(), place()) }
    (x, y, z) = (FloatBuffer(mostRows * width), FloatBuffer(mostRows * width), FloatBuffer(mostRows * width))
    inner = FloatBuffer(mostRows * decoder.hidden)
    scores = FloatBuffer(max(mostTokens, decoder.mostFrames))
    logits = FloatBuffer(mostRows * decoder.vocabulary)
    look(at: audioClips)
  }

  private func look(at audioClips: [[Float]]) {
    let rows = audioClips.map { $0.count / decoder.inputs }
    self.audioClips = rows.indices.map { audio in
      let first = rows[..<audio].reduce(0, +)
      return first..<first + rows[audio]
    }
    let count = rows.reduce(0, +)
    let frames = FloatBuffer(count * decoder.width)
    let embeddings = FloatBuffer(audioClips.flatMap { $0 })
    decoder.frames.forward(embeddings.start, parameters, frames.start, rows: count)
    for i in 0..<frames.count { frames.start[i] = max(0, frames.start[i]) }
    memory = blocks.map { block in
      let (keys, values) = (FloatBuffer(frames.count), FloatBuffer(frames.count))
      block.cross.inputs[1].forward(frames.start, parameters, keys.start, rows: count)
      block.cross.inputs[2].forward(frames.start, parameters, values.start, rows: count)
      return (keys, values)
    }
  }

  /// Advances by one token: `rows` are all sentences that continue, at most `mostRows`.
  package func advance(_ rows: [Row]) {
    ancestors = rows.enumerated().map { index, row in (step == 0 ? [] : ancestors[row.parent]) + [index] }
    embed(rows)
    for (place, block) in blocks.enumerated() {
      attend(block, past[place], rows.count)
      look(block, memory[place], rows)
      feed(block, rows.count)
    }
    decoder.last.forward(x.start, parameters, logits.start, rows: rows.count)
    step += 1
  }

  private func embed(_ rows: [Row]) {
    let (width, matrix) = (decoder.width, parameters.weights(decoder.embedding.weight))
    let position: [Float] =
      switch decoder.positions {
      case .sinusoidal: SinusoidalPositions(width: width).row(step)
      case .learned:
        Array(UnsafeBufferPointer(start: parameters.weights(decoder.learned.name) + step * width, count: width))
      }
    for (index, row) in rows.enumerated() {
      let place = x.start + index * width
      for i in 0..<width { place[i] = matrix[row.token * width + i] * decoder.embedding.scale + position[i] }
    }
  }

  /// Attention to the tokens so far.
  private func attend(_ block: CaptionBlock, _ past: (keys: FloatBuffer, values: FloatBuffer), _ count: Int) {
    let (width, core, attention) = (decoder.width, block.attention.core, block.attention)
    let now = step * mostRows * width
    attention.inputs[0].forward(x.start, parameters, y.start, rows: count)
    attention.inputs[1].forward(x.start, parameters, past.keys.start + now, rows: count)
    attention.inputs[2].forward(x.start, parameters, past.values.start + now, rows: count)
    for row in 0..<count {
      let places = ancestors[row].enumerated().map { ($0.offset * mostRows + $0.element) * width }
      ops.attend(
        heads: core.count, width: core.headWidth, query: y.start + row * width,
        keys: places.map { Floats(past.keys.start + $0) }, values: places.map { Floats(past.values.start + $0) },
        scale: core.scale, scores: scores.start, z.start + row * width)
    }
    finish(attention.last, z.start, block.norms[0], count)
  }

  /// Attention to the audio.
  private func look(_ block: CaptionBlock, _ memory: (keys: FloatBuffer, values: FloatBuffer), _ rows: [Row]) {
    let (width, core) = (decoder.width, block.cross.core)
    block.cross.inputs[0].forward(x.start, parameters, y.start, rows: rows.count)
    for (index, row) in rows.enumerated() {
      ops.attend(
        heads: core.count, width: core.headWidth, query: y.start + index * width,
        keys: audioClips[row.audio].map { Floats(memory.keys.start + $0 * width) },
        values: audioClips[row.audio].map { Floats(memory.values.start + $0 * width) }, scale: core.scale,
        scores: scores.start, z.start + index * width)
    }
    finish(block.cross.last, z.start, block.norms[1], rows.count)
  }

  private func feed(_ block: CaptionBlock, _ count: Int) {
    block.first.forward(x.start, parameters, inner.start, rows: count)
    let values = count * decoder.hidden
    switch decoder.inner {
    case .gelu: ops.gelu(.exact, values, inner.start, inner.start)
    case .relu: for i in 0..<values { inner.start[i] = max(0, inner.start[i]) }
    }
    finish(block.second, inner.start, block.norms[2], count)
  }

  /// x = norm(x + last(values)).
  private func finish(_ last: Linear, _ values: Floats, _ norm: LayerNorm, _ count: Int) {
    last.forward(values, parameters, y.start, rows: count)
    ops.add(count * decoder.width, x.start, y.start)
    ops.layerNorm(
      rows: count, width: decoder.width, x.start, scale: parameters.weights(norm.weight),
      shift: parameters.weights(norm.bias), epsilon: LayerNorm.epsilon, x.start, moments: nil)
  }
}
