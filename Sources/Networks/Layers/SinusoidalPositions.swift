import Basics
import Kernels

/// Adds to each token a fixed row for its position: sines in even columns and cosines in odd columns, with wavelengths
/// from 2π to 10,000 · 2π (Vaswani et al. 2017).
package struct SinusoidalPositions: LayerDescription {
  /// Must be even.
  package let width: Int

  package init(width: Int) { self.width = width }

  package var parameters: [ParameterSpec] { [] }
  package func output(_ input: Extent) -> Extent { input }

  /// The row of a position, counted from 0.
  package func row(_ place: Int) -> [Float] {
    (0..<width).map { column in
      let slowness = exponential(-naturalLogarithm(10_000) * Double(column / 2 * 2) / Double(width))
      let angle = Double(place) * slowness
      return Float(column % 2 == 0 ? sine(angle) : cosine(angle))
    }
  }

  private func rows(_ count: Int) -> FloatBuffer { FloatBuffer((0..<count).flatMap(row)) }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    TrainingSinusoids(input, rows(input.extent.pixels), context.backend.ops)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    FrozenSinusoids(output: input, rows: rows(input.pixels), ops: context.backend.ops)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    graph.unwritten("positions", parameters, x)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    var y = x
    for t in 0..<x.width {
      let row = row(t)
      for n in 0..<x.images { for c in 0..<x.channels { y.values[y.offset(n, c, 0, t)] += Double(row[c]) } }
    }
    return y
  }
}

private final class TrainingSinusoids: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation
  private let rows: FloatBuffer
  private let ops: any Ops

  init(_ input: Activation, _ rows: FloatBuffer, _ ops: any Ops) {
    precondition(input.prologue == nil && input.gradientEpilogue == nil, "SinusoidalPositions reads finished rows")
    (self.input, self.rows, self.ops) = (input, rows, ops)
    output = Activation(input.extent, input.microbatches, counts: input.counts)
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        let (y, width) = (self.output.place(part), self.input.extent.channels)
        y.update(from: self.input.place(part), count: self.input.count(part))
        for rows in self.input.images(part) {
          self.ops.add(rows.count * width, y + rows.lowerBound * width, self.rows.start)
        }
      })
    ]
  }

  var backward: [Step] {
    [
      Step(run: { part, _ in
        self.input.place(part).update(from: self.output.place(part), count: self.input.count(part))
        self.input.gradientIsWritten?(part)
      })
    ]
  }
}

private struct FrozenSinusoids: FrozenLayer {
  let output: Extent
  let rows: FloatBuffer
  let ops: any Ops

  func scratchCount(images: Int) -> Int { 0 }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    y.update(from: x, count: images * output.imageCount)
    for image in 0..<images { ops.add(output.imageCount, y + image * output.imageCount, rows.start) }
  }
}
