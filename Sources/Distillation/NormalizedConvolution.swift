import Basics
import Kernels

/// A convolution and its batch norm in training, over a whole batch that is cut into microbatches.
///
/// Each microbatch runs on one thread; statistics and gradients meet in microbatch order between the phases, so the bits depend
/// on the microbatch size and not on the number of threads. `output` holds the convolution's result on the way forward and,
/// after `backward`, its gradient: the result is not needed any more.
final class NormalizedConvolution: @unchecked Sendable {
  let layer: ConvolutionLayer
  let input: Extent
  let extent: Extent
  let output: FloatBuffer
  let norm: BatchNorm

  private let cut: [Range<Int>]
  private let source: any KernelSource
  private let kernels: [Int: any ConvolutionKernel]
  /// This step's weights, in the layout of the pass that runs.
  private let packed: [Int: FloatBuffer]
  private let dataGradient: Bool
  private let profile: Profile?
  private var rows: [Int] = []

  init(
    _ layer: ConvolutionLayer, input: Extent, cut: [Range<Int>], source: any KernelSource, dataGradient: Bool,
    profile: Profile?
  ) throws {
    self.layer = layer
    self.input = input
    self.cut = cut
    self.source = source
    self.dataGradient = dataGradient
    self.profile = profile
    var kernels: [Int: any ConvolutionKernel] = [:]
    for size in Set(cut.map(\.count)) {
      kernels[size] = try source.convolution(
        layer.shape(input, images: size), training: true, dataGradient: dataGradient)
    }
    self.kernels = kernels
    packed = kernels.mapValues { FloatBuffer(max($0.packedCount(.forward), $0.packedCount(.backwardData))) }
    extent = kernels.values.first?.shape.output.with(images: input.images) ?? input
    output = FloatBuffer(extent.count)
    let pixels = extent.pixels
    norm = BatchNorm(
      "audio_encoder.\(layer.norm)", channels: layer.outputChannels, counts: cut.map { $0.count * pixels })
    if let profile, let kernel = kernels[cut[0].count] {
      rows = ConvolutionPass.allCases.map {
        profile.row(layer.weight.replacing(".weight", with: ""), $0.label, kernel: kernel.name($0), slots: cut.count)
      }
    }
  }

  private func measure(_ pass: ConvolutionPass, _ part: Int, _ body: () throws -> Void) rethrows {
    guard let profile else { return try body() }
    let operations = kernels[cut[part].count]?.shape.operations ?? 0
    try profile.measure(rows[Int(pass.rawValue)], slot: part, operations: operations, body)
  }

  var scratchCount: Int { kernels.values.map(\.scratchCount).max() ?? 0 }
  /// Floats of one microbatch's packed weight gradient.
  var gradientCount: Int { kernels.values.map { $0.packedCount(.backwardWeights) }.max() ?? 0 }
  private func kernel(_ part: Int) throws -> any ConvolutionKernel {
    guard let kernel = kernels[cut[part].count] else {
      throw Failure("kernel.size", "no kernel for this microbatch size")
    }
    return kernel
  }

  private func place(_ buffer: FloatBuffer, _ extent: Extent, _ part: Int) -> UnsafeMutablePointer<Float> {
    buffer.start + cut[part].lowerBound * extent.imageCount
  }

  // MARK: Forward

  /// Packs this step's weights for the forward or the backward pass. Before each.
  func prepare(_ parameters: Parameters, for pass: ConvolutionPass) throws {
    if pass != .forward && !dataGradient { return }
    let weights = parameters.weights("audio_encoder.\(layer.weight)")
    for (size, kernel) in kernels {
      if let place = packed[size] { try kernel.pack(weights, for: pass, into: place.start) }
    }
  }

  /// The convolution of one microbatch of `x` (the whole batch's buffer), and its moments.
  func forward(_ part: Int, _ x: FloatBuffer, gate: InputGate?, scratch: UnsafeMutablePointer<Float>) throws {
    let kernel = try kernel(part)
    guard let packed = packed[cut[part].count] else { return }
    let (mean, squares) = norm.moments(part)
    try measure(.forward, part) {
      try kernel.forward(
        place(x, input, part), gate: gate, packed: packed.start, place(output, extent, part),
        finish: .moments(mean: mean, squares: squares), scratch: scratch)
    }
  }

  // MARK: Backward

  /// What sums one microbatch's gradient for batch norm's backward while it is written.
  func gradientSums(_ part: Int) -> GradientSums {
    let (sums, products) = norm.moments(part)
    return GradientSums(x: place(output, extent, part), mean: norm.mean.start, sums: sums, products: products)
  }

  /// The same for a gradient that lies there.
  func sumGradient(_ part: Int, _ gradient: UnsafeMutablePointer<Float>) {
    let to = gradientSums(part)
    source.layers.gradientMoments(
      extent.with(images: cut[part].count), gradient: gradient, activation: nil, to.x, mean: to.mean,
      sums: to.sums, products: to.products)
  }

  /// Through batch norm and convolution for one microbatch.
  /// - Parameters:
  ///   - gradient: of the batch norm's result (masked).
  ///   - x: the layer's input, the whole batch's buffer; `gate` as in `forward`.
  ///   - dx: where the input's gradient of this microbatch goes, and what becomes of it there; nil at the first layer.
  ///   - sum: of the weights' gradients.
  func backward(
    _ part: Int, gradient: UnsafePointer<Float>, x: FloatBuffer, gate: InputGate?,
    dx: (place: UnsafeMutablePointer<Float>, merge: GradientMerge)?, sum: GradientSum, scratch: ThreadScratch
  ) throws {
    let kernel = try kernel(part)
    guard let packed = packed[cut[part].count] else { return }
    let y = place(output, extent, part)
    let through = NormGradient(gradient: gradient, a: norm.a, b: norm.b, c: norm.c)
    try sum.add(part, count: kernel.packedCount(.backwardWeights), memory: scratch.gradient) { gradient in
      try measure(.backwardWeights, part) {
        try kernel.backwardWeights(
          place(x, input, part), gate: gate, y, norm: through, packed: gradient, scratch: scratch.kernel)
      }
    }
    guard let dx else { return }
    try measure(.backwardData, part) {
      try kernel.backwardData(y, packed: packed.start, dx.place, merge: dx.merge, scratch: scratch.kernel)
    }
  }

  /// Puts the summed weight gradient into `gradients`.
  func finishWeights(
    _ sum: GradientSum, layout: ParameterLayout, into gradients: FloatBuffer, threads: WorkerThreads
  ) throws {
    let offset = layout.slot("audio_encoder.\(layer.weight)").offset
    try sum.unpack(kernels, into: gradients, at: offset, threads: threads)
  }
}
