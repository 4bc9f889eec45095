import Basics
import Kernels

/// A layer with frozen statistics, for inputs of one size. The bits of a result depend only on its own input, not on
/// how many images are processed together.
package protocol FrozenLayer: Sendable {
  /// The output of one image.
  var output: Extent { get }
  /// Convolutions whose packed weights the network keeps.
  var convolutions: [FrozenConvolution] { get }
  /// Floats of scratch that each running thread needs for `images` images.
  func scratchCount(images: Int) -> Int
  /// Computes the outputs of `images` inputs, on the calling thread.
  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) throws
}

extension FrozenLayer {
  package var convolutions: [FrozenConvolution] { [] }
}

/// Weights for inference. Large arrays, which make up nearly all of the weights, may stay in a mapped file.
package struct FrozenWeights: Sendable {
  /// All weights except those in `elsewhere`.
  package let parameters: Parameters
  /// By name, such as `audio_encoder.conv1.weight`.
  private let elsewhere: [String: FrozenMatrix]
  /// The object that keeps `elsewhere` in memory.
  private let owner: (any AnyObject & Sendable)?

  package init(_ parameters: Parameters) {
    self.parameters = parameters
    (elsewhere, owner) = ([:], nil)
  }

  /// - Parameters:
  ///   - parameters: filled except for `elsewhere`.
  ///   - elsewhere: by name, float32 weights of convolutions, and matrices, in memory that `owner` keeps.
  package init(
    _ parameters: Parameters, elsewhere: [String: FrozenMatrix], in owner: any AnyObject & Sendable
  ) {
    self.parameters = parameters
    (self.elsewhere, self.owner) = (elsewhere, owner)
  }

  func convolution(_ name: String) -> Floats { elsewhere[name]?.numbers.floats ?? Floats(parameters.weights(name)) }

  /// The matrix, `[outputs, inputs]` unless it is transposed.
  func matrix(_ name: String) -> FrozenMatrix {
    elsewhere[name] ?? FrozenMatrix(WeightNumbers(parameters.weights(name)))
  }
}

/// A matrix of weights in place.
package struct FrozenMatrix: Sendable {
  package let numbers: WeightNumbers
  /// Whether it is stored as `[inputs, outputs]` instead of `[outputs, inputs]`.
  package let isTransposed: Bool

  package init(_ numbers: WeightNumbers, isTransposed: Bool = false) {
    (self.numbers, self.isTransposed) = (numbers, isTransposed)
  }
}

/// The context in which frozen layers are created. Norms are folded only once for all input sizes.
package final class FrozenContext: @unchecked Sendable {
  let weights: FrozenWeights
  let backend: any Backend
  private var norms: [String: FrozenNorm] = [:]
  /// Rows of the memory that layers inside `WithMemory` attend to.
  var memoryRows = 0

  init(_ weights: FrozenWeights, _ backend: any Backend) { (self.weights, self.backend) = (weights, backend) }

  /// The folded norm of a convolution. Not thread-safe.
  func norm(_ convolution: ConvolutionNorm) -> FrozenNorm {
    if let known = norms[convolution.normPrefix] { return known }
    let made = FrozenNorm(
      convolution.normPrefix, channels: convolution.outputChannels, weights.parameters)
    norms[convolution.normPrefix] = made
    return made
  }
}

/// The packed weights of convolutions: kept, or packed temporarily if there are few inputs.
package struct Packing: Sendable {
  let weights: FrozenWeights
  /// By name.
  let kept: [String: FloatBuffer]
  /// Space for weights that are packed temporarily.
  let passing: FloatBuffer
  /// The memory that layers inside `WithMemory` attend to: its rows for the images in this call.
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

/// One convolution with its folded norm, for inputs of one size. A call may take several images: each result is summed
/// in the same order for any number of images. The same packed weights serve all input sizes.
package final class FrozenConvolution: @unchecked Sendable {
  let name: String
  let norm: FrozenNorm
  /// The output of one image.
  let output: Extent
  private let single: any ConvolutionKernel
  private let description: ConvolutionNorm
  private let backend: any Backend
  private let input: Extent
  /// Kernels for several images at once, by the number of images. Filled by `prepare`.
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

  /// Creates the kernel for `forward` with `images` images. Must not run at the same time as other calls.
  func prepare(images: Int) throws {
    guard several[images] == nil else { return }
    several[images] = try backend.convolution(
      description.shape(input, images: images), training: false, dataGradient: false)
  }

  func scratchCount(images: Int) -> Int { max(single.scratchCount, several[images]?.scratchCount ?? 0) }

  /// Computes the outputs of `images` inputs with the norm. One by one or all at once, the bits are the same.
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

  /// What is done to a result besides its norm.
  enum Finish {
    /// Nothing, not even the norm, which is applied with the addition.
    case bare
    case relu
    /// Adds the residual, through its own norm if it has one, then applies the ReLU.
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
