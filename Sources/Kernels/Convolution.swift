import Basics

/// The size of one convolution layer on one microbatch. Square kernels, no bias.
package struct ConvolutionShape: Hashable, Sendable {
  package var images: Int
  package var inputChannels: Int
  package var height: Int
  package var width: Int
  package var outputChannels: Int
  package var kernel: Int
  package var stride: Int
  package var padding: Int

  package init(
    images: Int, inputChannels: Int, height: Int, width: Int, outputChannels: Int, kernel: Int, stride: Int,
    padding: Int
  ) {
    self.images = images
    self.inputChannels = inputChannels
    self.height = height
    self.width = width
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  package var input: Extent { Extent(images: images, channels: inputChannels, height: height, width: width) }
  package var output: Extent {
    Extent(
      images: images, channels: outputChannels, height: (height + 2 * padding - kernel) / stride + 1,
      width: (width + 2 * padding - kernel) / stride + 1)
  }
  package var weightCount: Int { outputChannels * inputChannels * kernel * kernel }
  /// The number of multiplications and additions of one pass.
  package var operations: Double { 2 * Double(output.count) * Double(inputChannels * kernel * kernel) }
}

package enum ConvolutionPass: Int32, Sendable, CaseIterable {
  case forward = 0
  case backwardData = 1
  case backwardWeights = 2

  package var label: String {
    switch self {
    case .forward: "forward"
    case .backwardData: "data"
    case .backwardWeights: "weights"
    }
  }
}

/// One convolution layer, ready to run on microbatches of one size.
///
/// Runs on the calling thread; several threads may run one kernel at the same time, each with its own scratch. The same
/// arguments give the same bits. Weights and their gradients have a packed layout of the kernel's own, so that packing
/// is needed only once per step; the layout is the same for any number of images.
package protocol ConvolutionKernel: AnyObject, Sendable {
  var shape: ConvolutionShape { get }
  /// Floats of scratch that each running thread needs.
  var scratchCount: Int { get }
  /// Floats of the packed weights (or, for backwardWeights, of the packed gradient).
  func packedCount(_ pass: ConvolutionPass) -> Int
  func name(_ pass: ConvolutionPass) -> String
  /// Packs `[out, in, kernel, kernel]` into the layout of `pass` (forward or backwardData).
  func pack(_ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>) throws
  /// The number of pieces of `unpackGradient`; they may run in parallel.
  var gradientPieces: Int { get }
  /// Copies a piece of the packed gradient to its places in `[out, in, kernel, kernel]`.
  func unpackGradient(
    _ packed: UnsafePointer<Float>, piece: Int, into weights: UnsafeMutablePointer<Float>) throws
  /// Computes y from x; both have the sizes of `shape`.
  func forward(
    _ x: Floats, prologue: Prologue?, packed: Floats, _ y: MutableFloats, epilogue: Epilogue, scratch: MutableFloats)
    throws
  /// Computes dx from dy.
  func backwardData(
    _ dy: Floats, packed: Floats, _ dx: MutableFloats, epilogue: GradientEpilogue, scratch: MutableFloats) throws
  /// Computes the weights' packed gradient. With `norm`, dy holds y before the call and the gradient through the norm
  /// after it.
  func backwardWeights(
    _ x: Floats, prologue: Prologue?, _ dy: MutableFloats, norm: NormGradient?, packed: MutableFloats,
    scratch: MutableFloats) throws
}

extension ConvolutionKernel {
  /// Copies the whole packed gradient to `[out, in, kernel, kernel]`.
  package func unpackGradient(_ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) throws {
    for piece in 0..<gradientPieces { try unpackGradient(packed, piece: piece, into: weights) }
  }
}

/// A convolution that is not fused with norms: prologue and epilogue run as separate passes.
package protocol UnfusedConvolution: ConvolutionKernel {
  var ops: any Ops { get }
  /// Floats of scratch that the bare passes need.
  var bareScratchCount: Int { get }
  func forward(_ x: Floats, packed: Floats, _ y: MutableFloats, scratch: MutableFloats) throws
  func backwardData(_ dy: Floats, packed: Floats, _ dx: MutableFloats, scratch: MutableFloats) throws
  func backwardWeights(_ x: Floats, _ dy: Floats, packed: MutableFloats, scratch: MutableFloats) throws
}

extension UnfusedConvolution {
  package var gradientPieces: Int { 1 }
  /// The bare passes' scratch, then room for two inputs.
  package var scratchCount: Int { spareOffset + 2 * spareCount }
  private var spareOffset: Int { (bareScratchCount + 15) / 16 * 16 }
  private var spareCount: Int { (shape.input.count + 15) / 16 * 16 }
  private func spare(_ scratch: MutableFloats) -> MutableFloats { scratch + spareOffset }

  private func seen(_ x: Floats, _ prologue: Prologue?, _ scratch: MutableFloats) -> Floats {
    guard let prologue else { return x }
    ops.scaleShift(
      shape.input, x, Normalization(scale: prologue.scale, shift: prologue.shift, relu: true), spare(scratch))
    return Floats(spare(scratch))
  }

  package func forward(
    _ x: Floats, prologue: Prologue?, packed: Floats, _ y: MutableFloats, epilogue: Epilogue, scratch: MutableFloats
  ) throws {
    try forward(seen(x, prologue, scratch), packed: packed, y, scratch: scratch)
    switch epilogue {
    case .none: break
    case .moments(let mean, let m2): ops.channelMoments(shape.output, y, mean: mean, m2: m2)
    case .norm(let norm): ops.scaleShift(shape.output, y, norm, y)
    }
  }

  package func backwardData(
    _ dy: Floats, packed: Floats, _ dx: MutableFloats, epilogue: GradientEpilogue, scratch: MutableFloats
  ) throws {
    let gradient = spare(scratch) + spareCount
    try backwardData(dy, packed: packed, gradient, scratch: scratch)
    write(gradient, to: dx, epilogue, scratch)
  }

  private func write(
    _ gradient: MutableFloats, to dx: MutableFloats, _ epilogue: GradientEpilogue, _ scratch: MutableFloats
  ) {
    let extent = shape.input
    switch epilogue.addend {
    case .whole(let addend): ops.add(extent.count, gradient, addend)
    case .even(let addend):
      for (index, place) in evenPlaces.enumerated() {
        ops.add(extent.block, gradient + place, addend + index * extent.block)
      }
    case nil: break
    }
    if epilogue.isCompact {
      for (index, place) in evenPlaces.enumerated() {
        (dx + index * extent.block).update(from: gradient + place, count: extent.block)
      }
      return
    }
    if let sums = epilogue.sums {
      let active = epilogue.activation.map { seen($0, epilogue.prologue, scratch) }
      ops.gradientMoments(
        extent, gradient: gradient, activation: active, sums.x, mean: sums.mean, sums: sums.sums,
        products: sums.products)
    }
    dx.update(from: gradient, count: extent.count)
  }

  /// The offsets of the input's even rows and columns, in the order of a packed copy of only these.
  private var evenPlaces: [Int] {
    let extent = shape.input
    return (0..<extent.images * extent.channels / extent.block).flatMap { plane in
      stride(from: 0, to: extent.height, by: 2).flatMap { row in
        stride(from: 0, to: extent.width, by: 2).map { column in
          (plane * extent.pixels + row * extent.width + column) * extent.block
        }
      }
    }
  }

  package func backwardWeights(
    _ x: Floats, prologue: Prologue?, _ dy: MutableFloats, norm: NormGradient?, packed: MutableFloats,
    scratch: MutableFloats
  ) throws {
    if let norm {
      ops.combine(shape.output, gradient: norm.gradient, dy, a: norm.a, b: norm.b, c: norm.c, dy)
    }
    try backwardWeights(seen(x, prologue, scratch), dy, packed: packed, scratch: scratch)
  }
}

/// The source of a network's kernels: the fast ones, or the plain ones that tests compare with.
package protocol Backend: Sendable {
  var ops: any Ops { get }
  /// - Parameter dataGradient: whether the input's gradient is needed (not for the first layer).
  func convolution(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool) throws -> any ConvolutionKernel
  func stem(_ shape: StemShape) throws -> any StemKernel
  /// Everything about the kernels that can change the bits of a training.
  var identity: [String: String] { get }
}
