/// The first layer computed from its definition: the whole convolution, then the maxima.
package struct PlainStem: StemKernel {
  package let shape: StemShape

  package init(_ shape: StemShape) { self.shape = shape }

  /// Space for the convolution's values, and for their gradient or that of the weights.
  package var scratchCount: Int {
    shape.convolution.output.count + max(shape.convolution.output.count, shape.weightCount)
  }
  package var name: String { "reference" }
  package func pack(_ weights: Floats, into packed: MutableFloats) {
    packed.update(from: weights, count: shape.weightCount)
  }

  package func forward(
    _ x: Floats, packed: Floats, sign: Floats, _ y: MutableFloats, winner: UnsafeMutablePointer<UInt8>?,
    moments: (mean: Sums, m2: Sums)?, scratch: MutableFloats
  ) {
    let (values, pooled) = (shape.convolution.output, shape.pooled)
    PlainConvolution(shape.convolution).forward(x, packed: packed, scratch, scratch: scratch)
    if let moments {
      PlainOps().channelMoments(values, scratch, mean: moments.mean, m2: moments.m2)
    }
    eachWindow { n, c, r, q, places in
      var best: (value: Float, place: Int)?
      for (place, row, column) in places {
        let value = scratch[values.offset(n, c, row, column)] * sign[c]
        if value > best?.value ?? -.infinity { best = (value, place) }
      }
      guard let best else { return }
      y[pooled.offset(n, c, r, q)] = best.value * sign[c]
      winner?[pooled.offset(n, c, r, q)] = UInt8(best.place)
    }
  }

  package func backwardWeights(
    _ x: Floats, packed: Floats, gradient: Floats, winner: UnsafePointer<UInt8>, a: Floats, b: Floats, c: Floats,
    packedGradient: MutableFloats, scratch: MutableFloats
  ) {
    let (values, pooled) = (shape.convolution.output, shape.pooled)
    let (y, flowing) = (scratch, scratch + values.count)
    let convolution = PlainConvolution(shape.convolution)
    convolution.forward(x, packed: packed, y, scratch: scratch)
    for i in 0..<values.count { flowing[i] = 0 }
    eachWindow { n, c, r, q, places in
      let won = Int(winner[pooled.offset(n, c, r, q)])
      for (place, row, column) in places where place == won {
        flowing[values.offset(n, c, row, column)] += gradient[pooled.offset(n, c, r, q)]
      }
    }
    PlainOps().combine(values, gradient: flowing, y, a: a, b: b, c: c, y)
    convolution.backwardWeights(x, y, packed: flowing, scratch: scratch)
    for channel in 0..<shape.channels {
      for tap in 0..<StemShape.taps {
        packedGradient[tap * shape.channels + channel] = flowing[channel * StemShape.taps + tap]
      }
    }
  }

  /// Calls `body` for every window of the maximum with its places inside the image.
  private func eachWindow(
    _ body: (_ image: Int, _ channel: Int, _ row: Int, _ column: Int, _ places: [(Int, row: Int, column: Int)]) -> Void
  ) {
    let (values, pooled) = (shape.convolution.output, shape.pooled)
    for r in 0..<pooled.height {
      for q in 0..<pooled.width {
        let places = (0..<9).map { ($0, row: 2 * r - 1 + $0 / 3, column: 2 * q - 1 + $0 % 3) }.filter {
          (0..<values.height).contains($0.row) && (0..<values.width).contains($0.column)
        }
        for n in 0..<shape.images { for c in 0..<shape.channels { body(n, c, r, q, places) } }
      }
    }
  }
}
