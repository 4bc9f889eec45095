import Basics
import Kernels

/// The first layer of a ResNet: 7×7 convolution with stride 2 over one channel, batch norm, ReLU, 3×3 maximum with
/// stride 2.
package struct Stem: LayerDescription {
  package let convolution: ConvolutionNorm

  package init(prefix: String, channels: Int) {
    convolution = ConvolutionNorm(
      prefix: prefix, name: "conv1", norm: "bn1", inputChannels: 1, outputChannels: channels, kernel: 7, stride: 2)
  }

  package var parameters: [ParameterSpec] { convolution.parameters }

  package func output(_ input: Extent) -> Extent { shape(input, images: input.images).pooled }

  func shape(_ input: Extent, images: Int) -> StemShape {
    StemShape(images: images, channels: convolution.outputChannels, height: input.height, width: input.width)
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    try TrainingStem(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    try FrozenStem(self, input, context)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    let y = graph.relu(convolution.operators(x, into: &graph))
    graph.add(.maxPool(kernel: 3, stride: 2, padding: 1), [y], "maxpool")
    return "maxpool"
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    convolution.plain(x, values).relu().maxPooled(kernel: 3, stride: 2, padding: 1)
  }
}

/// The stem in training. Only the maxima before the norm are kept; the backward pass recomputes the convolution's rows.
private final class TrainingStem: Layer, @unchecked Sendable {
  /// The maxima before the norm, which become the layer's result through the prologue. In the backward pass, the
  /// result's gradient.
  private(set) var output: Activation
  private let norm: BatchNorm
  private let input: Activation
  private let kernels: [Int: any StemKernel]
  private let weight: MutableFloats
  private let weightGradient: MutableFloats
  private let gradientCount: Int
  private let packed: FloatBuffer
  private let sign: FloatBuffer
  private let winners: ByteBuffer
  private let workspace: Workspace
  private let profile: Profile?
  private let rows: (forward: Int, weights: Int)?

  init(_ stem: Stem, _ input: Activation, _ context: TrainingContext) throws {
    (self.input, workspace, profile) = (input, context.workspace, context.profile)
    let microbatches = context.microbatches
    var kernels: [Int: any StemKernel] = [:]
    for size in microbatches.sizes { kernels[size] = try context.backend.stem(stem.shape(input.extent, images: size)) }
    self.kernels = kernels
    let whole = stem.shape(input.extent, images: microbatches.images)
    output = Activation(whole.pooled, microbatches)
    winners = ByteBuffer(whole.pooled.count)
    packed = FloatBuffer(whole.weightCount)
    sign = FloatBuffer(whole.channels)
    gradientCount = whole.weightCount
    let counts = microbatches.counts.map { stem.shape(input.extent, images: $0).values }
    norm = BatchNorm(stem.convolution.normPrefix, channels: whole.channels, counts: counts, context)
    weight = context.parameters.weights(stem.convolution.weight)
    weightGradient = context.gradient(stem.convolution.weight)
    let name = kernels.values.first?.name ?? ""
    rows = profile.map {
      (
        $0.row(stem.convolution.name, "forward", kernel: name, slots: microbatches.count),
        $0.row(stem.convolution.name, "weights", kernel: name, slots: microbatches.count)
      )
    }
    workspace.need(kernel: kernels.values.map(\.scratchCount).max() ?? 0, gradient: gradientCount)
    output.prologue = norm.prologue
    output.gradientEpilogue = { [norm, output] part, addend in
      let (sums, products) = norm.sums(part)
      let place = output.place(part)
      return GradientEpilogue(
        addend: addend, activation: place, prologue: norm.prologue,
        sums: GradientSums(x: place, mean: norm.mean.start, sums: sums, products: products))
    }
  }

  private func kernel(_ part: Int) throws -> any StemKernel {
    guard let kernel = kernels[input.microbatches[part].count] else {
      throw Failure("kernel.size", "no kernel for this microbatch size")
    }
    return kernel
  }

  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] {
    guard pass == .forward else { return [] }
    return [
      {
        self.kernels.values.first?.pack(self.weight, into: self.packed.start)
        self.norm.writeSigns(to: self.sign.start)
      }
    ]
  }

  var forward: [Step] {
    [Step(run: { try self.forward($0, $1.kernel) }, reduce: { try self.norm.finishStatistics($0) })]
  }

  private func forward(_ part: Int, _ scratch: MutableFloats) throws {
    let kernel = try kernel(part)
    profile.measure(rows?.forward, slot: part, operations: kernel.shape.convolution.operations) {
      kernel.forward(
        input.place(part), packed: packed.start, sign: sign.start, output.place(part),
        winner: winners.start + input.microbatches[part].lowerBound * output.extent.imageCount,
        moments: norm.sums(part), scratch: scratch)
    }
  }

  var backward: [Step] {
    [
      Step(run: nil, reduce: { try self.norm.finishGradient($0) }),
      Step(
        run: { try self.backward($0, $1) },
        reduce: {
          try $0.finish(self.workspace.gradientSums.first, count: self.gradientCount) { sum in
            self.kernels.values.first?.unpackGradient(sum, into: self.weightGradient)
          }
        }),
    ]
  }

  private func backward(_ part: Int, _ scratch: ThreadScratch) throws {
    let kernel = try kernel(part)
    workspace.gradientSums.first.add(part, count: gradientCount) { place in
      profile.measure(rows?.weights, slot: part, operations: kernel.shape.convolution.operations) {
        kernel.backwardWeights(
          input.place(part), packed: packed.start, gradient: output.place(part),
          winner: winners.start + input.microbatches[part].lowerBound * output.extent.imageCount, a: norm.a, b: norm.b,
          c: norm.c, packedGradient: place, scratch: scratch.kernel)
      }
    }
  }
}

/// The stem with frozen statistics.
private final class FrozenStem: FrozenLayer {
  let output: Extent
  private let input: Extent
  private let kernelScratch: Int
  private let kernel: any StemKernel
  private let norm: FrozenNorm
  private let packed: FloatBuffer
  private let sign: FloatBuffer
  private let ops: any Ops

  init(_ stem: Stem, _ input: Extent, _ context: FrozenContext) throws {
    self.input = input
    kernel = try context.backend.stem(stem.shape(input, images: 1))
    let norm = context.norm(stem.convolution)
    (self.norm, output, ops) = (norm, kernel.shape.pooled, context.backend.ops)
    kernelScratch = kernel.scratchCount
    packed = FloatBuffer(kernel.shape.weightCount)
    kernel.pack(context.weights.convolution(stem.convolution.weight), into: packed.start)
    sign = FloatBuffer((0..<stem.convolution.outputChannels).map { norm.scale.start[$0] < 0 ? -1 : 1 })
  }

  func scratchCount(images: Int) -> Int { kernelScratch }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) {
    for image in 0..<images {
      let place = y + image * output.imageCount
      kernel.forward(
        x + image * input.imageCount, packed: packed.start, sign: sign.start, place, winner: nil, moments: nil,
        scratch: scratch)
      ops.scaleShift(output, place, Normalization(scale: norm.scale.start, shift: norm.shift.start, relu: true), place)
    }
  }
}
