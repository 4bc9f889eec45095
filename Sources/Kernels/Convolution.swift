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
  /// Multiplications and additions of one pass.
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
/// Runs on the calling thread; several threads may run one kernel at once, each with its own scratch. The same arguments give
/// the same bits. Weights go in and gradients come out in a packed layout of the kernel's own, so that packing is paid once a step.
package protocol ConvolutionKernel: AnyObject, Sendable {
  var shape: ConvolutionShape { get }
  /// Floats that one running thread needs.
  var scratchCount: Int { get }
  /// Floats of the packed weights (or, for backwardWeights, of the packed gradient).
  func packedCount(_ pass: ConvolutionPass) -> Int
  func name(_ pass: ConvolutionPass) -> String
  /// `[out, in, kernel, kernel]` into the layout of `pass` (forward or backwardData).
  func pack(_ weights: UnsafePointer<Float>, for pass: ConvolutionPass, into packed: UnsafeMutablePointer<Float>) throws
  /// Into how many pieces `unpackGradient` is cut; they may run side by side.
  var gradientPieces: Int { get }
  /// A piece of the packed gradient to its places in `[out, in, kernel, kernel]`.
  func unpackGradient(
    _ packed: UnsafePointer<Float>, piece: Int, into weights: UnsafeMutablePointer<Float>) throws
  /// y of x, both as `shape` says.
  func forward(
    _ x: Floats, gate: InputGate?, packed: Floats, _ y: Output, finish: ResultFinish, scratch: Output) throws
  /// dx of dy.
  func backwardData(_ dy: Floats, packed: Floats, _ dx: Output, merge: GradientMerge, scratch: Output) throws
  /// The weights' packed gradient. With `norm`, dy holds y before and the gradient through the norm after.
  func backwardWeights(
    _ x: Floats, gate: InputGate?, _ dy: Output, norm: NormGradient?, packed: Output, scratch: Output) throws
}

extension ConvolutionKernel {
  /// The whole packed gradient to `[out, in, kernel, kernel]`.
  package func unpackGradient(_ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>) throws {
    for piece in 0..<gradientPieces { try unpackGradient(packed, piece: piece, into: weights) }
  }
}

/// A convolution whose library knows nothing of norms: what is wanted beside it runs as passes of its own.
package protocol PlainConvolution: ConvolutionKernel {
  var layers: any LayerKernels { get }
  /// Floats that the bare passes need.
  var bareScratchCount: Int { get }
  func forward(_ x: Floats, packed: Floats, _ y: Output, scratch: Output) throws
  func backwardData(_ dy: Floats, packed: Floats, _ dx: Output, scratch: Output) throws
  func backwardWeights(_ x: Floats, _ dy: Floats, packed: Output, scratch: Output) throws
}

extension PlainConvolution {
  package var gradientPieces: Int { 1 }
  /// The bare passes' scratch, then room for two inputs.
  package var scratchCount: Int { spareOffset + 2 * spareCount }
  private var spareOffset: Int { (bareScratchCount + 15) / 16 * 16 }
  private var spareCount: Int { (shape.input.count + 15) / 16 * 16 }
  private func spare(_ scratch: Output) -> Output { scratch + spareOffset }

  private func gated(_ x: Floats, _ gate: InputGate?, _ scratch: Output) -> Floats {
    guard let gate else { return x }
    layers.scaleShift(
      shape.input, x, ResultNorm(scale: gate.scale, shift: gate.shift, relu: true), spare(scratch))
    return Floats(spare(scratch))
  }

  package func forward(
    _ x: Floats, gate: InputGate?, packed: Floats, _ y: Output, finish: ResultFinish, scratch: Output
  ) throws {
    try forward(gated(x, gate, scratch), packed: packed, y, scratch: scratch)
    switch finish {
    case .none: break
    case .moments(let mean, let squares): layers.channelMoments(shape.output, y, mean: mean, squares: squares)
    case .norm(let norm): layers.scaleShift(shape.output, y, norm, y)
    }
  }

  package func backwardData(
    _ dy: Floats, packed: Floats, _ dx: Output, merge: GradientMerge, scratch: Output
  ) throws {
    let gradient = spare(scratch) + spareCount
    try backwardData(dy, packed: packed, gradient, scratch: scratch)
    finish(gradient, into: dx, merge, scratch)
  }

  private func finish(_ gradient: Output, into dx: Output, _ merge: GradientMerge, _ scratch: Output) {
    let extent = shape.input
    switch merge.addend {
    case .whole(let addend): layers.add(extent.count, gradient, addend)
    case .even(let addend):
      for (index, place) in evenPlaces.enumerated() {
        layers.add(extent.block, gradient + place, addend + index * extent.block)
      }
    case nil: break
    }
    if merge.isCompact {
      for (index, place) in evenPlaces.enumerated() {
        (dx + index * extent.block).update(from: gradient + place, count: extent.block)
      }
      return
    }
    if let sums = merge.sums {
      let active = merge.activation.map { gated($0, merge.gate, scratch) }
      layers.gradientMoments(
        extent, gradient: gradient, activation: active, sums.x, mean: sums.mean, sums: sums.sums,
        products: sums.products)
    }
    dx.update(from: gradient, count: extent.count)
  }

  /// Where the input's even rows and columns lie, in the order of a packed copy of them alone.
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
    _ x: Floats, gate: InputGate?, _ dy: Output, norm: NormGradient?, packed: Output, scratch: Output
  ) throws {
    if let norm {
      layers.combine(shape.output, gradient: norm.gradient, dy, a: norm.a, b: norm.b, c: norm.c, dy)
    }
    try backwardWeights(gated(x, gate, scratch), dy, packed: packed, scratch: scratch)
  }
}

/// Where a network gets its kernels from: the fast ones, or the plain ones that tests compare with.
package protocol KernelSource: Sendable {
  var layers: any LayerKernels { get }
  /// - Parameter dataGradient: whether the input's gradient is wanted (not for the first layer).
  func convolution(_ shape: ConvolutionShape, training: Bool, dataGradient: Bool) throws -> any ConvolutionKernel
  func stem(_ shape: StemShape) throws -> any StemKernel
  /// Everything about the machine and libraries that can change bits of a training.
  var identity: [String: String] { get }
}

extension Failure {
  package static func convolution(_ shape: ConvolutionShape, _ what: String) -> Failure {
    Failure(
      "kernel.convolution", "oneDNN cannot \(what) a convolution",
      on:
        "\(shape.images)×\(shape.inputChannels)×\(shape.height)×\(shape.width) → \(shape.outputChannels), kernel \(shape.kernel)",
      hint: "pipeline needs Debian's libdnnl 2.6: apt-get install libdnnl-dev")
  }
}
