import Basics
import Kernels

/// The audio encoder with frozen statistics. Clips run in groups of fixed size, the last filled up with silence, so that an
/// embedding's bits do not depend on what else is embedded.
package final class EncoderInference: @unchecked Sendable {
  /// Clips that one thread takes at a time.
  package static let group = 8

  private let architecture: EncoderArchitecture
  private let parameters: Parameters
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let convolutions: [String: FrozenConvolution]
  private let input: Extent

  /// - Parameters: height, width: of the spectrograms to come.
  package init(
    _ architecture: EncoderArchitecture, _ parameters: Parameters, height: Int, width: Int, kernels: any KernelSource,
    threads: WorkerThreads
  ) throws {
    self.architecture = architecture
    self.parameters = parameters
    self.kernels = kernels
    self.threads = threads
    input = Extent(images: Self.group, channels: 1, height: height, width: width)
    var (made, extent) = ([String: FrozenConvolution](), input)
    func add(_ layer: ConvolutionLayer, _ input: Extent) throws -> Extent {
      let convolution = try FrozenConvolution(layer, input: input, parameters, kernels)
      made[layer.weight] = convolution
      return convolution.kernel.shape.output
    }
    extent = try add(architecture.stem, extent).pooled
    for block in architecture.blocks {
      if let shortcut = block.shortcut { _ = try add(shortcut, extent) }
      extent = try add(block.first, extent)
      extent = try add(block.second, extent)
    }
    convolutions = made
  }

  /// `[clips, 1, height, width]` → `[clips, width of the encoder]`.
  package func embed(_ spectrograms: FloatBuffer, clips: Int) throws -> FloatBuffer {
    let result = FloatBuffer(clips * architecture.width)
    let groups = (clips + Self.group - 1) / Self.group
    let workspaces = (0..<threads.count).map { _ in InferenceWorkspace(Array(convolutions.values), input) }
    try threads.tryForEach(groups) { group, thread in
      let first = group * Self.group
      let count = min(Self.group, clips - first)
      let space = workspaces[thread]
      space.input.zero()
      space.input.start.update(
        from: spectrograms.start + first * self.input.imageCount, count: count * self.input.imageCount)
      try self.run(space)
      (result.start + first * self.architecture.width).update(
        from: space.means.start, count: count * self.architecture.width)
    }
    return result
  }

  private func run(_ space: InferenceWorkspace) throws {
    let stem = try convolve(architecture.stem, space.input, space.buffers[0], space)
    guard let frozen = convolutions[architecture.stem.weight] else { return }
    kernels.layers.poolMaximum(
      stem, space.buffers[0].start, scale: frozen.scale.start, shift: frozen.shift.start, space.buffers[1].start,
      winner: nil)
    var (extent, current) = (stem.pooled, 1)
    for block in architecture.blocks {
      let spare = (0..<4).filter { $0 != current }
      let (x, a, b, c) = (
        space.buffers[current], space.buffers[spare[0]], space.buffers[spare[1]], space.buffers[spare[2]]
      )
      let size = try convolve(block.first, x, a, space)
      scaleShift(block.first, size, a, residual: nil, nil)
      _ = try convolve(block.second, a, b, space)
      if let shortcut = block.shortcut { _ = try convolve(shortcut, x, c, space) }
      scaleShift(block.second, size, b, residual: block.shortcut == nil ? x : c, block.shortcut)
      (extent, current) = (size, spare[1])
    }
    kernels.layers.poolMean(extent, space.buffers[current].start, space.means.start)
  }

  private func convolve(_ layer: ConvolutionLayer, _ x: FloatBuffer, _ y: FloatBuffer, _ space: InferenceWorkspace)
    throws -> Extent
  {
    guard let frozen = convolutions[layer.weight] else { return input }
    try frozen.kernel.forward(
      x.start, gate: nil, packed: frozen.packed.start, y.start, finish: .none, scratch: space.scratch.start)
    return frozen.kernel.shape.output
  }

  private func scaleShift(
    _ layer: ConvolutionLayer, _ extent: Extent, _ y: FloatBuffer, residual: FloatBuffer?, _ shortcut: ConvolutionLayer?
  ) {
    guard let frozen = convolutions[layer.weight] else { return }
    let other = shortcut.flatMap { convolutions[$0.weight] }
    let gate = other.map { InputGate(scale: $0.scale.start, shift: $0.shift.start) }
    kernels.layers.scaleShift(
      extent, y.start,
      ResultNorm(
        scale: frozen.scale.start, shift: frozen.shift.start, residual: residual.map { Floats($0.start) },
        residualGate: gate, relu: true), y.start)
  }
}

/// A convolution with packed weights and its batch norm as a scale and a shift.
private final class FrozenConvolution: Sendable {
  let kernel: any ConvolutionKernel
  let packed: FloatBuffer
  let scale: FloatBuffer
  let shift: FloatBuffer

  init(_ layer: ConvolutionLayer, input: Extent, _ parameters: Parameters, _ source: any KernelSource) throws {
    kernel = try source.convolution(layer.shape(input, images: input.images), training: false, dataGradient: false)
    packed = FloatBuffer(kernel.packedCount(.forward))
    try kernel.pack(parameters.weights("audio_encoder.\(layer.weight)"), for: .forward, into: packed.start)
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

/// What one thread needs to embed one group.
private final class InferenceWorkspace: Sendable {
  let input: FloatBuffer
  let buffers: [FloatBuffer]
  let scratch: FloatBuffer
  let means: FloatBuffer

  init(_ convolutions: [FrozenConvolution], _ input: Extent) {
    self.input = FloatBuffer(input.count)
    let largest = convolutions.map { $0.kernel.shape.output.count }.max() ?? 0
    buffers = (0..<4).map { _ in FloatBuffer(largest) }
    scratch = FloatBuffer((convolutions.map { $0.kernel.scratchCount }.max() ?? 0) + 16)
    means = FloatBuffer(input.images * (convolutions.map { $0.kernel.shape.outputChannels }.max() ?? 0))
  }
}
