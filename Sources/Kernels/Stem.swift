/// The size of the encoder's first layer on one microbatch: 7×7 over one channel, stride 2, padding 3, then a 3×3
/// maximum with stride 2 and padding 1.
package struct StemShape: Hashable, Sendable {
  package var images: Int
  /// Channels of the result; a multiple of 16.
  package var channels: Int
  /// Height and width of the input.
  package var height: Int
  package var width: Int

  package init(images: Int, channels: Int, height: Int, width: Int) {
    self.images = images
    self.channels = channels
    self.height = height
    self.width = width
  }

  package static let taps = 49

  package var convolution: ConvolutionShape {
    ConvolutionShape(
      images: images, inputChannels: 1, height: height, width: width, outputChannels: channels, kernel: 7, stride: 2,
      padding: 3)
  }
  /// The size of the result.
  package var pooled: Extent { convolution.output.pooled }
  /// The number of values per channel in the batch statistics.
  package var values: Int { images * convolution.output.pixels }
  package var weightCount: Int { channels * Self.taps }
}

/// The first layer without its largest activation: the convolution's result is computed row by row, pooled immediately
/// and never stored.
///
/// The batch norm and the ReLU after the convolution are monotonic, so the maximum is taken before them: of the values
/// if the norm's scale is positive, of the negated values if it is negative. Runs on the calling thread; several
/// threads may run one kernel at the same time, each with its own scratch. The same arguments give the same bits.
package protocol StemKernel: Sendable {
  var shape: StemShape { get }
  /// Floats of scratch that each running thread needs.
  var scratchCount: Int { get }
  var name: String { get }
  /// Packs `[channels, 1, 7, 7]` into the same number of floats in the kernel's own order.
  func pack(_ weights: Floats, into packed: MutableFloats)

  /// - Parameters:
  ///   - sign: 1 or −1 by channel.
  ///   - y: size `shape.pooled`: the value before the norm that is largest in its window after multiplication by sign.
  ///   - winner: size of y: the place of the first largest value in the window, 0…8, row by row.
  ///   - moments: mean and Σ (v − mean)² over all values of the convolution.
  func forward(
    _ x: Floats, packed: Floats, sign: Floats, _ y: MutableFloats, winner: UnsafeMutablePointer<UInt8>?,
    moments: (mean: Sums, m2: Sums)?, scratch: MutableFloats)

  /// Computes the weights' gradient, `[49, channels]`.
  /// - Parameters:
  ///   - gradient: size of y: the gradient of the pooled result after norm and ReLU, zero where the ReLU gave zero.
  ///   - a, b, c: by channel: the gradient through the norm is flowing · a + value · b + c.
  func backwardWeights(
    _ x: Floats, packed: Floats, gradient: Floats, winner: UnsafePointer<UInt8>, a: Floats, b: Floats, c: Floats,
    packedGradient: MutableFloats, scratch: MutableFloats)
}

extension StemKernel {
  /// Reorders `[49, channels]` to `[channels, 1, 7, 7]`.
  package func unpackGradient(_ packed: Floats, into weights: MutableFloats) {
    for channel in 0..<shape.channels {
      for tap in 0..<StemShape.taps { weights[channel * StemShape.taps + tap] = packed[tap * shape.channels + channel] }
    }
  }
}
