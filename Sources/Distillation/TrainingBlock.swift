import Basics
import Kernels

/// One residual block in training: what it keeps between forward and backward, and its steps for one microbatch.
///
/// Forward: enter → finishEntry → middle → (second's statistics) → leave. Backward: (merge into the output's gradient) →
/// finishExit → backwardSecond → (first's meeting point) → backwardFirst. Names without "finish" run for one microbatch on one
/// thread. What lies between the two convolutions is never stored: the second reads the first's result through its norm.
final class TrainingBlock: @unchecked Sendable {
  let first: NormalizedConvolution
  let second: NormalizedConvolution
  let shortcut: NormalizedConvolution?
  /// The block's result, after the addition and ReLU. In the backward pass, once nobody needs it, the gradient between the
  /// two convolutions.
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

  /// What becomes of this output's gradient where the next block writes it: added to the shortcut's share, cut where the ReLU
  /// did, summed for the second norm.
  func outputMerge(_ part: Int) -> GradientMerge {
    GradientMerge(adds: true, activation: output.start + offset(part), sums: second.gradientSums(part))
  }

  /// The same for a gradient that lies there.
  func maskGradient(_ part: Int, _ gradient: FloatBuffer) {
    second.sumGradient(part, gradient.start + offset(part), activation: output.start + offset(part))
  }

  /// Sums the masked gradient for the shortcut's norm too.
  func sumShortcut(_ part: Int, _ gradient: FloatBuffer) {
    shortcut?.sumGradient(part, gradient.start + offset(part), activation: nil)
  }

  func finishExit(_ parameters: Parameters, into gradients: FloatBuffer) {
    second.norm.finishGradient(parameters, into: gradients)
    shortcut?.norm.finishGradient(parameters, into: gradients)
  }

  /// From the masked output gradient to the masked gradient of the first norm's result, in `output`; with a shortcut also its
  /// share of `inputGradient`.
  func backwardSecond(
    _ part: Int, gradient: FloatBuffer, inputGradient: FloatBuffer, sums: (second: GradientSum, shortcut: GradientSum),
    scratch: ThreadScratch
  ) throws {
    let place = gradient.start + offset(part)
    let merge = GradientMerge(
      adds: false, activation: first.output.start + offset(part), gate: first.norm.gate, sums: first.gradientSums(part))
    try second.backward(
      part, gradient: place, x: first.output, gate: first.norm.gate, dx: (output.start + offset(part), merge),
      sum: sums.second, scratch: scratch)
    try shortcut?.backward(
      part, gradient: place, x: x, gate: inputGate,
      dx: (inputGradient.start + inputOffset(part), GradientMerge(adds: false)), sum: sums.shortcut, scratch: scratch)
  }

  /// Adds the first convolution's share to `inputGradient`, which holds the shortcut's; `merge` says what then becomes of it.
  func backwardFirst(
    _ part: Int, inputGradient: FloatBuffer, merge: GradientMerge, sum: GradientSum, scratch: ThreadScratch
  ) throws {
    try first.backward(
      part, gradient: output.start + offset(part), x: x, gate: inputGate,
      dx: (inputGradient.start + inputOffset(part), merge), sum: sum, scratch: scratch)
  }
}
