import Basics
import Kernels

/// The audio encoder's forward and backward pass in training, for one batch size.
///
/// The batch is cut into microbatches of fixed size; phases in which microbatches run side by side alternate with meeting points
/// where batch statistics are joined in microbatch order. Buffers live as long as the pass: a step allocates nothing.
package final class EncoderTraining: @unchecked Sendable {
  package let batch: Int
  /// The input, `[batch, 1, height, width]`: the caller fills it before `forward` and leaves it alone until after `backward`.
  package let spectrograms: FloatBuffer
  /// `[batch, width]`, written by `forward`.
  package let embeddings: FloatBuffer

  private let threads: WorkerThreads
  private let kernels: any KernelSource
  private let cut: [Range<Int>]
  private let stem: TrainingStem
  private let blocks: [TrainingBlock]
  /// The gradient between the two convolutions of the block that runs.
  private let between: FloatBuffer
  private let scratch: FloatBuffer
  /// Floats of one thread: for the kernels, a packed gradient, a shortcut's share.
  private let scratchCounts: [Int]
  private let sums: (first: GradientSum, shortcut: GradientSum)
  private let profile: Profile?
  private let rows: (pack: Int, leave: Int)?

  /// - Parameters:
  ///   - height, width: of the spectrogram.
  ///   - microbatch: images that one thread takes at a time; part of what fixes the bits.
  package init(
    _ architecture: EncoderArchitecture, batch: Int, microbatch: Int, height: Int, width: Int,
    kernels: any KernelSource, threads: WorkerThreads, profile: Profile? = nil
  ) throws {
    self.batch = batch
    self.kernels = kernels
    self.threads = threads
    self.profile = profile
    cut = stride(from: 0, to: batch, by: microbatch).map { $0..<min(batch, $0 + microbatch) }
    let input = Extent(images: batch, channels: 1, height: height, width: width)
    spectrograms = FloatBuffer(input.count)
    stem = try TrainingStem(architecture.stem, input: input, cut: cut, source: kernels, profile: profile)
    var (blocks, extent, before) = ([TrainingBlock](), stem.extent, stem.output)
    for block in architecture.blocks {
      let made = try TrainingBlock(
        block, input: extent, x: before, gate: blocks.isEmpty ? stem.norm.gate : nil, cut: cut, source: kernels,
        profile: profile)
      (extent, before) = (made.extent, made.output)
      blocks.append(made)
    }
    self.blocks = blocks
    embeddings = FloatBuffer(batch * extent.channels)
    let convolutions = blocks.flatMap(\.convolutions)
    let gradient = max(stem.gradientCount, convolutions.map(\.gradientCount).max() ?? 0)
    scratchCounts = [
      max(stem.scratchCount, convolutions.map(\.scratchCount).max() ?? 0) + 16, gradient,
      blocks.map(\.sharedCount).max() ?? 0,
    ].map { ($0 + 15) / 16 * 16 }
    scratch = FloatBuffer(scratchCounts.reduce(0, +) * threads.count)
    between = FloatBuffer((blocks.map(\.extent.imageCount).max() ?? 0) * batch)
    let shortcut = blocks.compactMap { $0.shortcut?.gradientCount }.max() ?? 0
    sums = (
      GradientSum(count: gradient, cut: cut, layers: kernels.layers),
      GradientSum(count: shortcut, cut: cut, layers: kernels.layers)
    )
    let parts = cut.count
    rows = profile.map {
      (
        $0.row("all", "pack weights", slots: convolutions.count), $0.row("blocks", "add, ReLU", slots: parts)
      )
    }
  }

  private func scratch(_ thread: Int) -> ThreadScratch {
    let kernel = scratch.start + thread * scratchCounts.reduce(0, +)
    let gradient = kernel + scratchCounts[0]
    return ThreadScratch(kernel: kernel, gradient: gradient, share: gradient + scratchCounts[1])
  }

  private func pack(_ parameters: Parameters, for pass: ConvolutionPass) throws {
    let convolutions = blocks.flatMap(\.convolutions)
    try threads.tryForEach(convolutions.count) { item, _ in
      try self.profile.measure(self.rows?.pack, slot: item) {
        try convolutions[item].prepare(parameters, for: pass)
      }
    }
  }

  /// From `spectrograms` to `embeddings`; running statistics move.
  package func forward(_ parameters: Parameters) throws {
    stem.prepare(parameters)
    try pack(parameters, for: .forward)
    try threads.tryForEach(cut.count) { part, thread in
      try self.stem.forward(part, self.spectrograms, scratch: self.scratch(thread).kernel)
    }
    stem.norm.finishStatistics(parameters)
    try threads.tryForEach(cut.count) { part, thread in
      try self.blocks[0].enter(part, scratch: self.scratch(thread).kernel)
    }
    for (index, block) in blocks.enumerated() {
      block.finishEntry(parameters)
      try threads.tryForEach(cut.count) { part, thread in try block.middle(part, scratch: self.scratch(thread).kernel) }
      block.second.norm.finishStatistics(parameters)
      try threads.tryForEach(cut.count) { part, thread in
        self.profile.measure(self.rows?.leave, slot: part) { block.leave(part) }
        if index + 1 < self.blocks.count {
          try self.blocks[index + 1].enter(part, scratch: self.scratch(thread).kernel)
        } else {
          self.mean(part, block)
        }
      }
    }
  }

  private func mean(_ part: Int, _ block: TrainingBlock) {
    let range = cut[part]
    kernels.layers.poolMean(
      block.extent.with(images: range.count), block.output.start + range.lowerBound * block.extent.imageCount,
      embeddings.start + range.lowerBound * block.extent.channels)
  }

  /// From the gradient of `embeddings`, `[batch, width]`, to gradients of all encoder weights. Uses up what `forward` kept.
  package func backward(_ gradient: FloatBuffer, _ parameters: Parameters, into result: FloatBuffer) throws {
    try pack(parameters, for: .backwardData)
    try threads.tryForEach(cut.count) { part, _ in
      self.blocks.last?.poolBackward(part, gradient)
      self.blocks.last?.sumShortcut(part)
    }
    let layout = parameters.layout
    for (index, block) in blocks.enumerated().reversed() {
      block.finishExit(parameters, into: result)
      sums.first.reset()
      try threads.tryForEach(cut.count) { part, thread in
        try block.backwardSecond(part, between: self.between, sum: self.sums.first, scratch: self.scratch(thread))
      }
      try block.second.finishWeights(sums.first, layout: layout, into: result, threads: threads)
      block.first.norm.finishGradient(parameters, into: result)
      let before = index > 0 ? blocks[index - 1] : nil
      sums.first.reset()
      sums.shortcut.reset()
      try threads.tryForEach(cut.count) { part, thread in
        try block.backwardFirst(
          part, between: self.between,
          merge: { before?.outputMerge(part, addend: $0) ?? self.stem.outputMerge(part, addend: $0) },
          sums: self.sums, scratch: self.scratch(thread))
        before?.sumShortcut(part)
      }
      try block.first.finishWeights(sums.first, layout: layout, into: result, threads: threads)
      try block.shortcut?.finishWeights(sums.shortcut, layout: layout, into: result, threads: threads)
    }
    stem.norm.finishGradient(parameters, into: result)
    sums.first.reset()
    try threads.tryForEach(cut.count) { part, thread in
      try self.stem.backward(part, x: self.spectrograms, sum: self.sums.first, scratch: self.scratch(thread))
    }
    try stem.finishWeights(sums.first, layout: layout, into: result)
  }
}
