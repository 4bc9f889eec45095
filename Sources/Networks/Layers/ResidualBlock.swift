import Basics
import Kernels

/// A basic block (He et al. 2016): two 3×3 convolutions with their norms, and a shortcut, which is a 1×1 convolution if
/// the size changes.
package struct ResidualBlock: LayerDescription {
  package let name: String
  package let first: ConvolutionNorm
  package let second: ConvolutionNorm
  package let shortcut: ConvolutionNorm?

  /// - Parameter name: for example `layer2.0`.
  package init(prefix: String, name: String, inputChannels: Int, outputChannels: Int, stride: Int) {
    self.name = name
    func convolution(_ own: String, _ norm: String, _ input: Int, kernel: Int, stride: Int) -> ConvolutionNorm {
      ConvolutionNorm(
        prefix: prefix, name: "\(name).\(own)", norm: "\(name).\(norm)", inputChannels: input,
        outputChannels: outputChannels, kernel: kernel, stride: stride)
    }
    first = convolution("conv1", "bn1", inputChannels, kernel: 3, stride: stride)
    second = convolution("conv2", "bn2", outputChannels, kernel: 3, stride: 1)
    let isPlain = stride == 1 && inputChannels == outputChannels
    shortcut = isPlain ? nil : convolution("downsample.0", "downsample.1", inputChannels, kernel: 1, stride: stride)
  }

  package var parameters: [ParameterSpec] {
    first.parameters + second.parameters + (shortcut?.parameters ?? [])
  }

  package func output(_ input: Extent) -> Extent {
    second.shape(first.shape(input, images: input.images).output, images: input.images).output
  }

  package func training(_ input: Activation, _ context: TrainingContext) throws -> any Layer {
    try TrainingBlock(self, input, context)
  }

  package func frozen(_ input: Extent, _ context: FrozenContext) throws -> (any FrozenLayer)? {
    try FrozenBlock(self, input, context)
  }

  package func operators(_ x: String, into graph: inout OperatorGraph) -> String {
    let inner = graph.relu(first.operators(x, into: &graph))
    let main = second.operators(inner, into: &graph)
    graph.add(.add, [main, shortcut?.operators(x, into: &graph) ?? x], name)
    return graph.relu(name)
  }

  package func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor {
    let main = second.plain(first.plain(x, values).relu(), values)
    return main.adding(shortcut?.plain(x, values) ?? x).relu()
  }
}

/// The block in training. The normalized activation between the two convolutions is never stored: the second one
/// applies the norm while it reads the first one's result.
private final class TrainingBlock: Layer, @unchecked Sendable {
  /// The block's result after the addition and the ReLU; in the backward pass, its gradient.
  private(set) var output: Activation
  private let first: NormalizedConvolution
  private let second: NormalizedConvolution
  private let shortcut: NormalizedConvolution?
  private let input: Activation
  private let ops: any Ops
  private let workspace: Workspace
  private let profile: Profile?
  private let leaveRow: Int?

  init(_ block: ResidualBlock, _ input: Activation, _ context: TrainingContext) throws {
    (self.input, workspace, profile, ops) = (input, context.workspace, context.profile, context.backend.ops)
    let first = try NormalizedConvolution(block.first, input, context)
    var inner = first.output
    inner.prologue = first.norm.prologue
    let second = try NormalizedConvolution(block.second, inner, context)
    let shortcut = try block.shortcut.map { try NormalizedConvolution($0, input, context) }
    (self.first, self.second, self.shortcut) = (first, second, shortcut)
    output = Activation(second.output.extent, context.microbatches)
    leaveRow = profile?.row("blocks", "add, ReLU", slots: context.microbatches.count)
    let convolutions = [first, second] + (shortcut.map { [$0] } ?? [])
    workspace.need(
      kernel: convolutions.map(\.scratchCount).max() ?? 0, gradient: max(first.gradientCount, second.gradientCount),
      second: shortcut?.gradientCount ?? 0,
      share: shortcut == nil ? 0 : context.microbatches.largest * output.extent.pixels * input.extent.channels,
      between: first.output.extent.count)
    // The writer adds the other gradient, applies the ReLU's mask, and computes the sums for the second norm. The
    // shortcut's norm computes its sums afterwards.
    output.gradientEpilogue = { [output] part, addend in
      GradientEpilogue(addend: addend, activation: output.place(part), sums: second.gradientSums(part))
    }
    output.gradientIsWritten = { [output] part in shortcut?.sumGradient(part, output.place(part)) }
  }

  func preparation(for pass: ConvolutionPass) -> [@Sendable () throws -> Void] {
    ([first, second] + (shortcut.map { [$0] } ?? [])).map { convolution in { try convolution.prepare(for: pass) } }
  }

  // MARK: Forward

  var forward: [Step] {
    [
      Step(
        run: { part, scratch in
          try self.first.forward(part, scratch: scratch.kernel)
          try self.shortcut?.forward(part, scratch: scratch.kernel)
        },
        reduce: {
          try self.first.norm.finishStatistics($0)
          try self.shortcut?.norm.finishStatistics($0)
        }),
      Step(
        run: { try self.second.forward($0, scratch: $1.kernel) },
        reduce: { try self.second.norm.finishStatistics($0) }),
      Step(run: { part, _ in self.profile.measure(self.leaveRow, slot: part) { self.leave(part) } }),
    ]
  }

  /// The addition and the ReLU.
  private func leave(_ part: Int) {
    var norm = Normalization(scale: second.norm.scale.start, shift: second.norm.shift.start, relu: true)
    if let shortcut {
      norm.residual = Floats(shortcut.output.place(part))
      norm.residualPrologue = shortcut.norm.prologue
    } else {
      norm.residual = Floats(input.place(part))
      norm.residualPrologue = input.prologue
      norm.residualRelu = input.prologue != nil
    }
    ops.scaleShift(output.extent(part), second.output.place(part), norm, output.place(part))
  }

  // MARK: Backward

  var backward: [Step] {
    [
      Step(
        run: nil,
        reduce: {
          try self.second.norm.finishGradient($0)
          try self.shortcut?.norm.finishGradient($0)
        }),
      Step(
        run: { try self.backwardSecond($0, $1) },
        reduce: {
          try self.second.finishWeights(self.workspace.gradientSums.first, $0)
          try self.first.norm.finishGradient($0)
        }),
      Step(
        run: { try self.backwardFirst($0, $1) },
        reduce: {
          try self.first.finishWeights(self.workspace.gradientSums.first, $0)
          try self.shortcut?.finishWeights(self.workspace.gradientSums.second, $0)
        }),
    ]
  }

  private func between(_ part: Int) -> MutableFloats {
    workspace.between.start + input.microbatches[part].lowerBound * first.output.extent.imageCount
  }

  /// From the output's gradient to the gradient of the first norm's result.
  private func backwardSecond(_ part: Int, _ scratch: ThreadScratch) throws {
    let epilogue = GradientEpilogue(
      activation: first.output.place(part), prologue: first.norm.prologue, sums: first.gradientSums(part))
    try second.backward(
      part, gradient: output.place(part), dx: between(part), epilogue, sum: workspace.gradientSums.first,
      scratch: scratch)
  }

  /// From there to the input's gradient, which overwrites the input and includes the shortcut's share.
  private func backwardFirst(_ part: Int, _ scratch: ThreadScratch) throws {
    let gradient = output.place(part)
    var share = GradientEpilogue.Addend.whole(gradient)
    if let shortcut {
      try shortcut.backward(
        part, gradient: gradient, dx: scratch.share, .compact, sum: workspace.gradientSums.second, scratch: scratch)
      share = .even(scratch.share)
    }
    try first.backward(
      part, gradient: between(part), dx: input.place(part),
      input.gradientEpilogue?(part, share) ?? GradientEpilogue(addend: share), sum: workspace.gradientSums.first,
      scratch: scratch)
    input.gradientIsWritten?(part)
  }
}

/// The block with frozen statistics: the convolutions apply norms, ReLU and the addition while they write.
private final class FrozenBlock: FrozenLayer {
  let output: Extent
  private let first: FrozenConvolution
  private let second: FrozenConvolution
  private let shortcut: FrozenConvolution?

  init(_ block: ResidualBlock, _ input: Extent, _ context: FrozenContext) throws {
    shortcut = try block.shortcut.map { try FrozenConvolution($0, input, context) }
    first = try FrozenConvolution(block.first, input, context)
    second = try FrozenConvolution(block.second, first.output, context)
    output = second.output
  }

  var convolutions: [FrozenConvolution] { [first, second] + (shortcut.map { [$0] } ?? []) }

  /// Floats for the activation between the convolutions, the shortcut's result, and the kernels' scratch.
  func scratchCount(images: Int) -> Int {
    images * innerCount + (convolutions.map { $0.scratchCount(images: images) }.max() ?? 0)
  }

  private var innerCount: Int { first.output.imageCount + (shortcut?.output.imageCount ?? 0) }

  func forward(_ x: Floats, _ y: MutableFloats, images: Int, scratch: MutableFloats, _ packing: Packing) throws {
    let (inner, side, rest) = (
      scratch, scratch + images * first.output.imageCount, scratch + images * innerCount
    )
    try first.forward(x, inner, images: images, .relu, scratch: rest, packing)
    var residual = x
    if let shortcut {
      try shortcut.forward(x, side, images: images, .bare, scratch: rest, packing)
      residual = Floats(side)
    }
    try second.forward(inner, y, images: images, .add(residual, shortcut?.norm), scratch: rest, packing)
  }
}
