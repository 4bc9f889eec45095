import Basics
import Kernels

/// One residual block in training: what it keeps between forward and backward, and its steps for one microbatch.
///
/// Forward: enter → finishEntry → middle → (second's statistics) → leave. Backward: maskGradient → finishExit → backwardSecond →
/// (first's meeting point) → backwardFirst. Names without "finish" run for one microbatch on one thread.
final class TrainingBlock: @unchecked Sendable {
  let first: NormalizedConvolution
  let second: NormalizedConvolution
  let shortcut: NormalizedConvolution?
  /// The block's result, after the addition and ReLU.
  let output: FloatBuffer
  private let x: FloatBuffer
  private let input: Extent
  private let activation: FloatBuffer
  private let cut: [Range<Int>]
  private let layers: any LayerKernels

  init(_ block: ResidualBlock, input: Extent, x: FloatBuffer, cut: [Range<Int>], source: any KernelSource) throws {
    self.x = x
    self.input = input
    self.cut = cut
    layers = source.layers
    first = try NormalizedConvolution(block.first, input: input, cut: cut, source: source, dataGradient: true)
    activation = FloatBuffer(first.extent.count)
    second = try NormalizedConvolution(block.second, input: first.extent, cut: cut, source: source, dataGradient: true)
    shortcut = try block.shortcut.map {
      try NormalizedConvolution($0, input: input, cut: cut, source: source, dataGradient: true)
    }
    output = FloatBuffer(second.extent.count)
  }

  var extent: Extent { second.extent }
  var convolutions: [NormalizedConvolution] { [first, second] + (shortcut.map { [$0] } ?? []) }

  private func extent(_ part: Int) -> Extent { extent.with(images: cut[part].count) }
  private func offset(_ part: Int) -> Int { cut[part].lowerBound * extent.imageCount }
  private func inputOffset(_ part: Int) -> Int { cut[part].lowerBound * input.imageCount }

  func enter(_ part: Int, scratch: UnsafeMutablePointer<Float>) throws {
    try first.forward(part, x, scratch: scratch)
    try shortcut?.forward(part, x, scratch: scratch)
  }

  func finishEntry(_ parameters: Parameters) {
    first.finishStatistics(parameters)
    shortcut?.finishStatistics(parameters)
  }

  func middle(_ part: Int, scratch: UnsafeMutablePointer<Float>) throws {
    layers.scaleShift(
      extent(part), first.output.start + offset(part), scale: first.scale.start, shift: first.shift.start,
      residual: nil,
      residualScale: nil, residualShift: nil, relu: true, activation.start + offset(part))
    try second.forward(part, activation, scratch: scratch)
  }

  func leave(_ part: Int) {
    let residual = shortcut.map { $0.output.start + offset(part) } ?? x.start + inputOffset(part)
    layers.scaleShift(
      extent(part), second.output.start + offset(part), scale: second.scale.start, shift: second.shift.start,
      residual: residual, residualScale: shortcut?.scale.start, residualShift: shortcut?.shift.start, relu: true,
      output.start + offset(part))
  }

  /// Cuts the output's gradient (whole batch's buffer) where the ReLU did, and sums for both norms that fed the addition.
  func maskGradient(_ part: Int, _ gradient: FloatBuffer) {
    let place = gradient.start + offset(part)
    second.gradientMoments(part, gradient: place, activation: output.start + offset(part))
    shortcut?.gradientMoments(part, gradient: place, activation: nil)
  }

  func finishExit(_ parameters: Parameters, into gradients: FloatBuffer) {
    second.finishGradient(parameters, into: gradients)
    shortcut?.finishGradient(parameters, into: gradients)
  }

  /// From the masked output gradient to `inner`, the masked gradient of the first norm's result; with a shortcut also its share
  /// of `inputGradient`.
  func backwardSecond(
    _ part: Int, gradient: FloatBuffer, inputGradient: FloatBuffer, inner: FloatBuffer, partials: [FloatBuffer],
    scratch: UnsafeMutablePointer<Float>
  ) throws {
    let (place, hidden) = (gradient.start + offset(part), inner.start + offset(part))
    try second.backward(part, gradient: place, x: activation, dx: hidden, partials: partials[0], scratch: scratch)
    try shortcut?.backward(
      part, gradient: place, x: x, dx: inputGradient.start + inputOffset(part), partials: partials[1], scratch: scratch)
    first.gradientMoments(part, gradient: hidden, activation: activation.start + offset(part))
  }

  /// Adds the first convolution's share to `inputGradient`, which holds the shortcut's.
  func backwardFirst(
    _ part: Int, inputGradient: FloatBuffer, inner: FloatBuffer, temporary: UnsafeMutablePointer<Float>,
    partials: FloatBuffer,
    scratch: UnsafeMutablePointer<Float>
  ) throws {
    try first.backward(
      part, gradient: inner.start + offset(part), x: x, dx: temporary, partials: partials, scratch: scratch)
    layers.add(cut[part].count * input.imageCount, inputGradient.start + inputOffset(part), temporary)
  }
}
