import Basics
import Kernels

/// A convolution and its batch norm in training, over a whole batch that is divided into microbatches.
///
/// `output` holds the convolution's result in the forward pass. `backward` replaces it by its gradient, since the
/// result is no longer needed.
final class NormalizedConvolution: @unchecked Sendable {
  let output: Activation
  let norm: BatchNorm

  private let input: Activation
  private let weight: MutableFloats
  private let weightGradient: MutableFloats
  private let ops: any Ops
  private let kernels: [Int: any ConvolutionKernel]
  /// This step's weights in the layout of the current pass, which is the same for any number of images.
  private let packed: FloatBuffer
  private let threads: WorkerThreads
  private let profile: Profile?
  private var rows: [Int] = []
  private let packRow: Int?

  init(_ description: ConvolutionNorm, _ input: Activation, _ context: TrainingContext) throws {
    self.input = input
    (threads, profile, ops) = (context.threads, context.profile, context.backend.ops)
    let microbatches = context.microbatches
    var kernels: [Int: any ConvolutionKernel] = [:]
    for size in microbatches.sizes {
      kernels[size] = try context.backend.convolution(
        description.shape(input.extent, images: size), training: true, dataGradient: true)
    }
    self.kernels = kernels
    packed = FloatBuffer(
      kernels.values.map { max($0.packedCount(.forward), $0.packedCount(.backwardData)) }.max() ?? 0)
    output = Activation(description.shape(input.extent, images: microbatches.images).output, microbatches)
    let pixels = output.extent.pixels
    norm = BatchNorm(
      description.normPrefix, channels: description.outputChannels,
      counts: microbatches.counts.map { $0 * pixels },
      context)
    weight = context.parameters.weights(description.weight)
    weightGradient = context.gradient(description.weight)
    packRow = profile?.row("all", "pack weights")
    if let profile, let kernel = kernels[microbatches.largest] {
      rows = ConvolutionPass.allCases.map {
        profile.row(description.name, $0.label, kernel: kernel.name($0), slots: microbatches.count)
      }
    }
  }

  var scratchCount: Int { kernels.values.map(\.scratchCount).max() ?? 0 }
  /// Floats of one microbatch's packed weight gradient.
  var gradientCount: Int { kernels.values.map { $0.packedCount(.backwardWeights) }.max() ?? 0 }

  private func measure(_ pass: ConvolutionPass, _ part: Int, _ body: () throws -> Void) rethrows {
    guard let profile else { return try body() }
    let operations = kernels[input.microbatches[part].count]?.shape.operations ?? 0
    try profile.measure(rows[Int(pass.rawValue)], slot: part, operations: operations, body)
  }

  private func kernel(_ part: Int) throws -> (any ConvolutionKernel, packed: Floats) {
    guard let kernel = kernels[input.microbatches[part].count] else {
      throw Failure("kernel.size", "no kernel for this microbatch size")
    }
    return (kernel, Floats(packed.start))
  }

  // MARK: Forward

  /// Packs this step's weights. Called before each forward and each backward pass.
  func prepare(for pass: ConvolutionPass) throws {
    try profile.measure(packRow) { try kernels.values.first?.pack(weight, for: pass, into: packed.start) }
  }

  /// Computes the convolution of one microbatch of the input, and its moments.
  func forward(_ part: Int, scratch: MutableFloats) throws {
    let (kernel, packed) = try kernel(part)
    let (mean, m2) = norm.sums(part)
    try measure(.forward, part) {
      try kernel.forward(
        input.place(part), prologue: input.prologue, packed: packed, output.place(part),
        epilogue: .moments(mean: mean, m2: m2), scratch: scratch)
    }
  }

  // MARK: Backward

  /// The sums that the batch norm's backward pass needs of one microbatch's gradient, computed while it is written.
  func gradientSums(_ part: Int) -> GradientSums {
    let (sums, products) = norm.sums(part)
    return GradientSums(x: output.place(part), mean: norm.mean.start, sums: sums, products: products)
  }

  /// Computes the same sums for a gradient that is already written.
  func sumGradient(_ part: Int, _ gradient: MutableFloats) {
    let to = gradientSums(part)
    ops.gradientMoments(
      output.extent(part), gradient: gradient, activation: nil, to.x, mean: to.mean, sums: to.sums,
      products: to.products)
  }

  /// The backward pass through batch norm and convolution for one microbatch.
  /// - Parameters:
  ///   - gradient: the gradient of the batch norm's result (masked).
  ///   - dx: receives the input's gradient of this microbatch, with the epilogue applied.
  ///   - sum: the sum of the weights' gradients.
  func backward(
    _ part: Int, gradient: Floats, dx: MutableFloats, _ epilogue: GradientEpilogue, sum: GradientSum,
    scratch: ThreadScratch
  ) throws {
    let (kernel, packed) = try kernel(part)
    let y = output.place(part)
    let through = NormGradient(gradient: gradient, a: norm.a, b: norm.b, c: norm.c)
    try sum.add(part, count: kernel.packedCount(.backwardWeights)) { gradient in
      try measure(.backwardWeights, part) {
        try kernel.backwardWeights(
          input.place(part), prologue: input.prologue, y, norm: through, packed: gradient, scratch: scratch.kernel)
      }
    }
    try measure(.backwardData, part) {
      try kernel.backwardData(y, packed: packed, dx, epilogue: epilogue, scratch: scratch.kernel)
    }
  }

  /// Writes the summed weight gradient to the network's gradients.
  func finishWeights(_ sum: GradientSum, _ reduction: any Reduction) throws {
    guard let kernel = kernels.values.first else { return }
    try reduction.finish(sum, count: kernel.packedCount(.backwardWeights)) { [weightGradient, threads] total in
      try GradientSum.unpack(total, kernel, into: weightGradient, threads: threads)
    }
  }
}
