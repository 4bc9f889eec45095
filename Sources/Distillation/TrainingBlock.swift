import Basics
import Kernels

/// One residual block in training: what it keeps between forward and backward, and its steps for one microbatch.
///
/// Forward: enter → finishEntry → middle → (second's statistics) → leave. Backward: (the output's gradient, written over the
/// output) → finishExit → backwardSecond → (first's meeting point) → backwardFirst. Names without "finish" run for one microbatch on one
/// thread. What lies between the two convolutions is never stored: the second reads the first's result through its norm.
final class TrainingBlock: @unchecked Sendable {
  let first: NormalizedConvolution
  let second: NormalizedConvolution
  let shortcut: NormalizedConvolution?
  /// The block's result, after the addition and ReLU; in the backward pass its gradient.
  let output: FloatBuffer
  private let x: FloatBuffer
  /// What the input goes through as it is read; nil where it lies there finished.
  private let inputGate: InputGate?
  private let input: Extent
  private let cut: [Range<Int>]
  private let layers: any LayerKernels

  init(
    _ block: ResidualBlock, input: Extent, x: FloatBuffer, gate: InputGate? = nil, cut: [Range<Int>],
    source: any KernelSource,
    profile: Profile?
  ) throws {
    self.x = x
    inputGate = gate
    self.input = input
    self.cut = cut
    layers = source.layers
    first = try NormalizedConvolution(
      block.first, input: input, cut: cut, source: source, dataGradient: true, profile: profile)
    second = try NormalizedConvolution(
      block.second, input: first.extent, cut: cut, source: source, dataGradient: true, profile: profile)
    shortcut = try block.shortcut.map {
      try NormalizedConvolution($0, input: input, cut: cut, source: source, dataGradient: true, profile: profile)
    }
    output = FloatBuffer(second.extent.count)
  }

  var extent: Extent { second.extent }
  var convolutions: [NormalizedConvolution] { [first, second] + (shortcut.map { [$0] } ?? []) }

  private func extent(_ part: Int) -> Extent { extent.with(images: cut[part].count) }
  private func offset(_ part: Int) -> Int { cut[part].lowerBound * extent.imageCount }
  private func inputOffset(_ part: Int) -> Int { cut[part].lowerBound * input.imageCount }

  func enter(_ part: Int, scratch: UnsafeMutablePointer<Float>) throws {
    try first.forward(part, x, gate: inputGate, scratch: scratch)
    try shortcut?.forward(part, x, gate: inputGate, scratch: scratch)
  }

  func finishEntry(_ parameters: Parameters) {
    first.norm.finishStatistics(parameters)
    shortcut?.norm.finishStatistics(parameters)
  }

  func middle(_ part: Int, scratch: UnsafeMutablePointer<Float>) throws {
    try second.forward(part, first.output, gate: first.norm.gate, scratch: scratch)
  }

  func leave(_ part: Int) {
    var norm = ResultNorm(scale: second.norm.scale.start, shift: second.norm.shift.start, relu: true)
    if let shortcut {
      norm.residual = Floats(shortcut.output.start + offset(part))
      norm.residualGate = shortcut.norm.gate
    } else {
      norm.residual = Floats(x.start + inputOffset(part))
      norm.residualGate = inputGate
      norm.residualRelu = inputGate != nil
    }
    layers.scaleShift(extent(part), second.output.start + offset(part), norm, output.start + offset(part))
  }

  /// What becomes of this output's gradient where the next block writes it, over the output itself: added to the shortcut's share,
  /// cut where the ReLU did, summed for the second norm.
  func outputMerge(_ part: Int, addend: GradientMerge.Addend) -> GradientMerge {
    GradientMerge(addend: addend, activation: output.start + offset(part), sums: second.gradientSums(part))
  }

  /// The same for the last block, whose gradient comes from the mean over pixels, `[batch, channels]`.
  func poolBackward(_ part: Int, _ gradient: FloatBuffer) {
    let place = output.start + offset(part)
    layers.poolMeanBackward(
      extent(part), gradient: gradient.start + cut[part].lowerBound * extent.channels, place)
    second.sumGradient(part, place)
  }

  /// Sums the output's gradient for the shortcut's norm too.
  func sumShortcut(_ part: Int) { shortcut?.sumGradient(part, output.start + offset(part)) }

  func finishExit(_ parameters: Parameters, into gradients: FloatBuffer) {
    second.norm.finishGradient(parameters, into: gradients)
    shortcut?.norm.finishGradient(parameters, into: gradients)
  }

  /// From the output's gradient to that of the first norm's result, which goes to `between`, `[batch]` of it.
  func backwardSecond(_ part: Int, between: FloatBuffer, sum: GradientSum, scratch: ThreadScratch) throws {
    let merge = GradientMerge(
      activation: first.output.start + offset(part), gate: first.norm.gate, sums: first.gradientSums(part))
    try second.backward(
      part, gradient: output.start + offset(part), x: first.output, gate: first.norm.gate,
      dx: (between.start + offset(part), merge), sum: sum, scratch: scratch)
  }

  /// Floats of the shortcut's share of one microbatch's input gradient, where there is a shortcut.
  var sharedCount: Int { shortcut == nil ? 0 : (cut.map(\.count).max() ?? 0) * extent.pixels * input.channels }

  /// From there to the input's gradient, written over the input.
  /// - Parameters:
  ///   - merge: what becomes of it, given the shortcut's share.
  ///   - sums: of the weights' gradients, of the first convolution and the shortcut.
  func backwardFirst(
    _ part: Int, between: FloatBuffer, merge: (GradientMerge.Addend) -> GradientMerge,
    sums: (first: GradientSum, shortcut: GradientSum), scratch: ThreadScratch
  ) throws {
    let gradient = output.start + offset(part)
    var share = GradientMerge.Addend.whole(gradient)
    if let shortcut {
      try shortcut.backward(
        part, gradient: gradient, x: x, gate: inputGate, dx: (scratch.share, .compact), sum: sums.shortcut,
        scratch: scratch)
      share = .even(scratch.share)
    }
    try first.backward(
      part, gradient: between.start + offset(part), x: x, gate: inputGate,
      dx: (x.start + inputOffset(part), merge(share)), sum: sums.first, scratch: scratch)
  }
}
