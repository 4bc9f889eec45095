import Basics
import Kernels

/// A layer with frozen statistics, for inputs of one size. A result depends on its own input alone, bit by bit: not on
/// how many images go through together.
package protocol FrozenLayer: Sendable {
  /// Of one image.
  var output: Extent { get }
  /// Convolutions whose packed weights the network keeps.
  var convolutions: [FrozenConvolution] { get }
  /// Floats that one running thread needs for so many images.
  func scratchCount(images: Int) -> Int
  /// `images` inputs to as many outputs, on the calling thread.
  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) throws
}

extension FrozenLayer {
  package var convolutions: [FrozenConvolution] { [] }
}

/// Weights for inference. Large ones, nearly all there are, may stay in the file that was mapped.
package struct FrozenWeights: Sendable {
  /// All weights but those that lie elsewhere.
  package let parameters: Parameters
  /// By name, such as `audio_encoder.conv1.weight`.
  private let elsewhere: [String: FrozenMatrix]
  /// What keeps them in memory.
  private let owner: (any AnyObject & Sendable)?

  package init(_ parameters: Parameters) {
    self.parameters = parameters
    (elsewhere, owner) = ([:], nil)
  }

  /// - Parameters:
  ///   - parameters: filled but for `elsewhere`.
  ///   - elsewhere: weights of convolutions, float32, and of matrices by name, in memory that `owner` keeps.
  package init(
    _ parameters: Parameters, elsewhere: [String: FrozenMatrix], in owner: any AnyObject & Sendable
  ) {
    self.parameters = parameters
    (self.elsewhere, self.owner) = (elsewhere, owner)
  }

  func convolution(_ name: String) -> Floats { elsewhere[name]?.numbers.floats ?? Floats(parameters.weights(name)) }

  /// `[outputs, inputs]`, or as the matrix says.
  func matrix(_ name: String) -> FrozenMatrix {
    elsewhere[name] ?? FrozenMatrix(WeightNumbers(parameters.weights(name)))
  }
}

/// A matrix of weights where it lies.
package struct FrozenMatrix: Sendable {
  package let numbers: WeightNumbers
  /// Whether it lies as `[inputs, outputs]` instead of `[outputs, inputs]`.
  package let isTransposed: Bool

  package init(_ numbers: WeightNumbers, isTransposed: Bool = false) {
    (self.numbers, self.isTransposed) = (numbers, isTransposed)
  }
}

/// What frozen layers are made with. Norms are folded once, whatever the number of sizes.
package final class FrozenContext: @unchecked Sendable {
  let weights: FrozenWeights
  let backend: any Backend
  private var norms: [String: FrozenNorm] = [:]
  /// Rows of the memory that layers inside `WithMemory` look at.
  var memoryRows = 0

  init(_ weights: FrozenWeights, _ backend: any Backend) { (self.weights, self.backend) = (weights, backend) }

  /// Not while others make layers.
  func norm(_ convolution: ConvolutionNorm) -> FrozenNorm {
    if let known = norms[convolution.normPrefix] { return known }
    let made = FrozenNorm(
      convolution.normPrefix, channels: convolution.outputChannels, weights.parameters)
    norms[convolution.normPrefix] = made
    return made
  }
}

/// Where a convolution finds its packed weights: kept, or made in passing where there is little to embed.
package struct Packing: Sendable {
  let weights: FrozenWeights
  /// By name.
  let kept: [String: FloatBuffer]
  /// Where weights are packed that are used once.
  let passing: FloatBuffer
  /// What layers inside `WithMemory` look at: rows of the images that go through.
  nonisolated(unsafe) private(set) var memory: Floats?

  init(weights: FrozenWeights, kept: [String: FloatBuffer], passing: FloatBuffer) {
    (self.weights, self.kept, self.passing) = (weights, kept, passing)
  }

  func with(memory: Floats) -> Packing {
    var other = self
    other.memory = memory
    return other
  }
}

/// One convolution with its folded norm, for inputs of one size. One call may take several images, and one packing
/// serves every size: each result's sum is formed in the same order however many there are.
package final class FrozenConvolution: @unchecked Sendable {
  let name: String
  let norm: FrozenNorm
  /// Of one image.
  let output: Extent
  private let single: any ConvolutionKernel
  private let description: ConvolutionNorm
  private let backend: any Backend
  private let input: Extent
  /// Kernels for several images at once, by their number. Filled by `prepare`.
  private var several: [Int: any ConvolutionKernel] = [:]

  init(_ description: ConvolutionNorm, _ input: Extent, _ context: FrozenContext) throws {
    (self.description, self.input, backend) = (description, input, context.backend)
    (name, norm) = (description.weight, context.norm(description))
    single = try backend.convolution(description.shape(input, images: 1), training: false, dataGradient: false)
    output = single.shape.output
  }

  var packedCount: Int { single.packedCount(.forward) }

  func pack(_ weights: FrozenWeights, into place: FloatBuffer) throws {
    try single.pack(weights.convolution(name), for: .forward, into: place.start)
  }

  /// Makes what `forward` of `images` images needs. Not while others run.
  func prepare(images: Int) throws {
    guard several[images] == nil else { return }
    several[images] = try backend.convolution(
      description.shape(input, images: images), training: false, dataGradient: false)
  }

  func scratchCount(images: Int) -> Int { max(single.scratchCount, several[images]?.scratchCount ?? 0) }

  /// `images` inputs to as many outputs through the norm, each on its own or all at once: the same bits.
  func forward(
    _ x: Floats, _ y: MutableFloats, images: Int, _ finish: Finish, scratch: MutableFloats, _ packing: Packing
  ) throws {
    let weights: Floats
    if let own = packing.kept[name] {
      weights = Floats(own.start)
    } else {
      try pack(packing.weights, into: packing.passing)
      weights = Floats(packing.passing.start)
    }
    if let kernel = several[images] {
      return try kernel.forward(
        x, prologue: nil, packed: weights, y, epilogue: finish.epilogue(norm, offset: 0), scratch: scratch)
    }
    for image in 0..<images {
      try single.forward(
        x + image * input.imageCount, prologue: nil, packed: weights, y + image * output.imageCount,
        epilogue: finish.epilogue(norm, offset: image * output.imageCount), scratch: scratch)
    }
  }

  /// What becomes of a result beside its norm.
  enum Finish {
    /// Not even the norm: it comes with the addition.
    case bare
    case relu
    /// The residual added, through a norm of its own where it has one, then ReLU.
    case add(Floats, FrozenNorm?)

    fileprivate func epilogue(_ norm: FrozenNorm, offset: Int) -> Epilogue {
      var result = Normalization(scale: norm.scale.start, shift: norm.shift.start, relu: true)
      switch self {
      case .bare: return .none
      case .relu: break
      case .add(let residual, let own):
        result.residual = residual + offset
        result.residualPrologue = own.map { Prologue(scale: $0.scale.start, shift: $0.shift.start) }
      }
      return .norm(result)
    }
  }
}
