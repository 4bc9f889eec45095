import Basics
import Kernels

/// A layer's batch norm with frozen statistics, as a scale and a shift by channel.
final class FrozenNorm: Sendable {
  let scale: FloatBuffer
  let shift: FloatBuffer

  init(_ layer: ConvolutionLayer, _ parameters: Parameters) {
    let name = "audio_encoder.\(layer.norm)"
    let (weight, bias) = (parameters.weights("\(name).weight"), parameters.weights("\(name).bias"))
    let (mean, variance) = (parameters.statistics("\(name).running_mean"), parameters.statistics("\(name).running_var"))
    scale = FloatBuffer(layer.outputChannels)
    shift = FloatBuffer(layer.outputChannels)
    for c in 0..<layer.outputChannels {
      let factor = Double(weight[c]) / (Double(variance[c]) + ConvolutionLayer.epsilon).squareRoot()
      scale.start[c] = Float(factor)
      shift.start[c] = Float(Double(bias[c]) - Double(mean[c]) * factor)
    }
  }
}

/// One convolution for inputs of one size.
final class PlannedConvolution: @unchecked Sendable {
  let layer: ConvolutionLayer
  let norm: FrozenNorm
  /// Of one image.
  let output: Extent
  /// Whether one call may take several images, and one packing serve every size: each result's sum is formed in the same order
  /// however many there are. oneDNN does not promise that.
  let takesSeveral: Bool
  /// Packed weights; nil: those of the encoder, which serve every size.
  private let packed: FloatBuffer?
  private let single: any ConvolutionKernel
  private let source: any KernelSource
  private let input: Extent
  /// Kernels for several images at once, by their number. Filled by `prepare`.
  private var several: [Int: any ConvolutionKernel] = [:]

  init(
    _ layer: ConvolutionLayer, input: Extent, norm: FrozenNorm, _ student: FrozenStudent, _ source: any KernelSource
  ) throws {
    (self.layer, self.norm, self.source, self.input) = (layer, norm, source, input)
    single = try source.convolution(layer.shape(input, images: 1), training: false, dataGradient: false)
    output = single.shape.output
    takesSeveral = single is OwnConvolution
    guard !takesSeveral else {
      packed = nil
      return
    }
    let own = FloatBuffer(single.packedCount(.forward))
    try single.pack(student.convolution(layer), for: .forward, into: own.start)
    packed = own
  }

  var packedCount: Int { single.packedCount(.forward) }

  func pack(_ student: FrozenStudent, into place: FloatBuffer) throws {
    try single.pack(student.convolution(layer), for: .forward, into: place.start)
  }

  /// Makes what `forward` of `images` images needs. Not while others run.
  func prepare(images: Int) throws {
    guard takesSeveral, several[images] == nil else { return }
    several[images] = try source.convolution(
      layer.shape(input, images: images), training: false, dataGradient: false)
  }

  /// Floats of scratch for `images` images.
  func scratchCount(images: Int) -> Int { max(single.scratchCount, several[images]?.scratchCount ?? 0) }

  /// `images` inputs to as many outputs through the norm, each on its own or all at once: the same bits.
  /// - Parameter shared: packed weights that serve every size; nil where this layer has its own.
  func forward(_ x: Floats, _ y: Output, images: Int, _ finish: Finish, shared: Floats?, scratch: Output) throws {
    guard let weights = packed.map({ Floats($0.start) }) ?? shared else { return }
    if let kernel = several[images] {
      return try kernel.forward(
        x, gate: nil, packed: weights, y, finish: finish.whole(norm, offset: 0), scratch: scratch)
    }
    for image in 0..<images {
      try single.forward(
        x + image * input.imageCount, gate: nil, packed: weights, y + image * output.imageCount,
        finish: finish.whole(norm, offset: image * output.imageCount), scratch: scratch)
    }
  }

  /// What becomes of a result beside its norm.
  enum Finish {
    /// Not even the norm: it comes with the addition.
    case bare
    case relu
    /// The residual added, through a norm of its own where it has one, then ReLU.
    case add(Floats, FrozenNorm?)

    fileprivate func whole(_ norm: FrozenNorm, offset: Int) -> ResultFinish {
      var result = ResultNorm(scale: norm.scale.start, shift: norm.shift.start, relu: true)
      switch self {
      case .bare: return .none
      case .relu: break
      case .add(let residual, let own):
        result.residual = residual + offset
        result.residualGate = own.map { InputGate(scale: $0.scale.start, shift: $0.shift.start) }
      }
      return .norm(result)
    }
  }
}

/// The first layer for spectrograms of one size, one at a time.
final class PlannedStem: Sendable {
  /// Of one image.
  let output: Extent
  let scratchCount: Int
  private let kernel: any StemKernel
  private let norm: FrozenNorm
  private let packed: FloatBuffer
  private let sign: FloatBuffer
  private let layers: any LayerKernels

  init(
    _ layer: ConvolutionLayer, height: Int, width: Int, norm: FrozenNorm, _ student: FrozenStudent,
    _ source: any KernelSource
  ) throws {
    kernel = try source.stem(StemShape(images: 1, channels: layer.outputChannels, height: height, width: width))
    (self.norm, output, scratchCount, layers) = (norm, kernel.shape.pooled, kernel.scratchCount, source.layers)
    packed = FloatBuffer(kernel.shape.weightCount)
    kernel.pack(student.convolution(layer), into: packed.start)
    sign = FloatBuffer((0..<layer.outputChannels).map { norm.scale.start[$0] < 0 ? -1 : 1 })
  }

  func forward(_ x: Floats, _ y: Output, scratch: Output) {
    kernel.forward(x, packed: packed.start, sign: sign.start, y, winner: nil, moments: nil, scratch: scratch)
    layers.scaleShift(output, y, ResultNorm(scale: norm.scale.start, shift: norm.shift.start, relu: true), y)
  }
}

/// The encoder's kernels for spectrograms of one size.
final class EncoderPlan: Sendable {
  struct Block: Sendable {
    let first: PlannedConvolution
    let second: PlannedConvolution
    let shortcut: PlannedConvolution?
  }

  let height: Int
  let width: Int
  let stem: PlannedStem
  let blocks: [Block]
  /// Clips that one thread takes at a time at most: about as much work as eight clips of ten seconds.
  let mostImages: Int

  init(
    _ architecture: EncoderArchitecture, height: Int, width: Int, stem: PlannedStem,
    make: (ConvolutionLayer, Extent) throws -> PlannedConvolution
  ) throws {
    (self.height, self.width) = (height, width)
    mostImages = min(max(8 * 454 / max(1, width), 1), 32)
    self.stem = stem
    var (blocks, extent) = ([Block](), stem.output)
    for block in architecture.blocks {
      let shortcut = try block.shortcut.map { try make($0, extent) }
      let first = try make(block.first, extent)
      let second = try make(block.second, first.output)
      blocks.append(Block(first: first, second: second, shortcut: shortcut))
      extent = second.output
    }
    self.blocks = blocks
  }

  var convolutions: [PlannedConvolution] {
    blocks.flatMap { [$0.first, $0.second] + ($0.shortcut.map { [$0] } ?? []) }
  }

  func prepare(images: Int) throws { for convolution in convolutions { try convolution.prepare(images: images) } }

  /// Floats of the largest activation between blocks, of one image.
  var largestActivation: Int { blocks.map(\.first.output.imageCount).max() ?? stem.output.imageCount }
  var largestShortcut: Int { blocks.compactMap(\.shortcut?.output.imageCount).max() ?? 0 }
  func scratchCount(images: Int) -> Int {
    max(stem.scratchCount, convolutions.map { $0.scratchCount(images: images) }.max() ?? 0) + 16
  }
}

/// What one thread needs to encode one group. Grows when a longer clip comes, and stays then.
final class InferenceWorkspace: @unchecked Sendable {
  private(set) var spectrogram = FloatBuffer(0)
  /// Three activations of a group, and a shortcut's.
  private(set) var activations = [FloatBuffer](repeating: FloatBuffer(0), count: 4)
  private(set) var scratch = FloatBuffer(0)
  private(set) var means = FloatBuffer(0)

  func fit(_ plan: EncoderPlan, images: Int, width: Int) {
    let pooled = max(plan.largestActivation, plan.stem.output.imageCount)
    Self.grow(&spectrogram, plan.height * plan.width)
    for i in 0..<3 { Self.grow(&activations[i], images * pooled) }
    Self.grow(&activations[3], images * plan.largestShortcut)
    Self.grow(&scratch, plan.scratchCount(images: images))
    Self.grow(&means, images * width)
  }

  private static func grow(_ buffer: inout FloatBuffer, _ count: Int) {
    if buffer.count < count { buffer = FloatBuffer(count) }
  }
}
