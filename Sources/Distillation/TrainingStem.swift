import Basics
import Kernels

/// The first layer in training: convolution, batch norm, ReLU and maximum, of which only the maxima before the norm are kept.
final class TrainingStem: @unchecked Sendable {
  /// Of the pooled result, whole batch.
  let extent: Extent
  /// The maxima before the norm; through `norm.gate` they are the layer's result. In the backward pass the result's gradient.
  let output: FloatBuffer
  let norm: BatchNorm

  private let layer: ConvolutionLayer
  private let cut: [Range<Int>]
  private let input: Extent
  private let kernels: [Int: any StemKernel]
  private let packed: FloatBuffer
  private let sign: FloatBuffer
  private let winners: ByteBuffer
  private let profile: Profile?
  private let rows: (forward: Int, weights: Int)?

  init(_ layer: ConvolutionLayer, input: Extent, cut: [Range<Int>], source: any KernelSource, profile: Profile?) throws
  {
    self.layer = layer
    self.cut = cut
    self.input = input
    self.profile = profile
    let shape = { (images: Int) in
      StemShape(images: images, channels: layer.outputChannels, height: input.height, width: input.width)
    }
    var kernels: [Int: any StemKernel] = [:]
    for size in Set(cut.map(\.count)) { kernels[size] = try source.stem(shape(size)) }
    self.kernels = kernels
    let whole = shape(input.images)
    extent = whole.pooled
    output = FloatBuffer(extent.count)
    winners = ByteBuffer(extent.count)
    packed = FloatBuffer(whole.weightCount)
    sign = FloatBuffer(layer.outputChannels)
    norm = BatchNorm(
      "audio_encoder.\(layer.norm)", channels: layer.outputChannels, counts: cut.map { shape($0.count).values })
    let name = kernels.values.first?.name ?? ""
    rows = profile.map {
      (
        $0.row("conv1", "forward", kernel: name, slots: cut.count),
        $0.row("conv1", "weights", kernel: name, slots: cut.count)
      )
    }
  }

  var scratchCount: Int { kernels.values.map(\.scratchCount).max() ?? 0 }
  /// Floats of one microbatch's packed weight gradient.
  var gradientCount: Int { layer.outputChannels * StemShape.taps }

  private func kernel(_ part: Int) throws -> any StemKernel {
    guard let kernel = kernels[cut[part].count] else {
      throw Failure("kernel.size", "no kernel for this microbatch size")
    }
    return kernel
  }

  private func offset(_ part: Int) -> Int { cut[part].lowerBound * extent.imageCount }

  /// Packs this step's weights. Once a step.
  func prepare(_ parameters: Parameters) {
    kernels.values.first?.pack(parameters.weights("audio_encoder.\(layer.weight)"), into: packed.start)
    let scale = parameters.weights("audio_encoder.\(layer.norm).weight")
    for c in 0..<layer.outputChannels { sign.start[c] = scale[c] < 0 ? -1 : 1 }
  }

  func forward(_ part: Int, _ x: FloatBuffer, scratch: UnsafeMutablePointer<Float>) throws {
    let kernel = try kernel(part)
    profile.measure(rows?.forward, slot: part, operations: kernel.shape.convolution.operations) {
      kernel.forward(
        x.start + cut[part].lowerBound * input.imageCount, packed: packed.start, sign: sign.start,
        output.start + offset(part), winner: winners.start + offset(part), moments: norm.moments(part), scratch: scratch
      )
    }
  }

  /// What becomes of the result's gradient where the first block writes it, over the maxima.
  func outputMerge(_ part: Int, addend: GradientMerge.Addend) -> GradientMerge {
    let (sums, products) = norm.moments(part)
    let place = output.start + offset(part)
    return GradientMerge(
      addend: addend, activation: place, gate: norm.gate,
      sums: GradientSums(x: place, mean: norm.mean.start, sums: sums, products: products))
  }

  /// Once the result's gradient, masked, lies in `output`.
  func backward(
    _ part: Int, x: FloatBuffer, sum: GradientSum, scratch: ThreadScratch
  ) throws {
    let kernel = try kernel(part)
    sum.add(part, count: gradientCount, memory: scratch.gradient) { place in
      profile.measure(rows?.weights, slot: part, operations: kernel.shape.convolution.operations) {
        kernel.backwardWeights(
          x.start + cut[part].lowerBound * input.imageCount, packed: packed.start,
          gradient: output.start + offset(part), winner: winners.start + offset(part), a: norm.a, b: norm.b,
          c: norm.c, packedGradient: place, scratch: scratch.kernel)
      }
    }
  }

  /// Puts the summed weight gradient into `gradients`.
  func finishWeights(_ sum: GradientSum, layout: ParameterLayout, into gradients: FloatBuffer) throws {
    let target = gradients.start + layout.slot("audio_encoder.\(layer.weight)").offset
    try kernel(0).unpackGradient(sum.total(gradientCount), into: target)
  }
}
