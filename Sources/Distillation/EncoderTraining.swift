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
  /// Gradients of block outputs, in turn.
  private let gradients: [FloatBuffer]
  private let scratch: FloatBuffer
  private let scratchCount: Int
  private let partials: [FloatBuffer]
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
    scratchCount = max(stem.scratchCount, convolutions.map(\.scratchCount).max() ?? 0) + 16
    scratch = FloatBuffer(scratchCount * threads.count)
    let largest = max(stem.extent.imageCount, blocks.map(\.extent.imageCount).max() ?? 0)
    gradients = [FloatBuffer(largest * batch), FloatBuffer(largest * batch)]
    let partial = max(stem.partialCount, convolutions.map(\.partialCount).max() ?? 0)
    let shortcut = blocks.compactMap { $0.shortcut?.partialCount }.max() ?? 0
    partials = [FloatBuffer(partial * cut.count), FloatBuffer(shortcut * cut.count)]
    let parts = cut.count
    rows = profile.map {
      (
        $0.row("all", "pack weights", slots: convolutions.count), $0.row("blocks", "add, ReLU", slots: parts)
      )
    }
  }

  private func scratch(_ thread: Int) -> UnsafeMutablePointer<Float> { scratch.start + thread * scratchCount }

  /// From `spectrograms` to `embeddings`; running statistics move.
  package func forward(_ parameters: Parameters) throws {
    stem.prepare(parameters)
    let convolutions = blocks.flatMap(\.convolutions)
    try threads.tryForEach(convolutions.count) { item, _ in
      try self.profile.measure(self.rows?.pack, slot: item) { try convolutions[item].prepare(parameters) }
    }
    try threads.tryForEach(cut.count) { part, thread in
      try self.stem.forward(part, self.spectrograms, scratch: self.scratch(thread))
    }
    stem.norm.finishStatistics(parameters)
    try threads.tryForEach(cut.count) { part, thread in
      try self.blocks[0].enter(part, scratch: self.scratch(thread))
    }
    for (index, block) in blocks.enumerated() {
      block.finishEntry(parameters)
      try threads.tryForEach(cut.count) { part, thread in try block.middle(part, scratch: self.scratch(thread)) }
      block.second.norm.finishStatistics(parameters)
      try threads.tryForEach(cut.count) { part, thread in
        self.profile.measure(self.rows?.leave, slot: part) { block.leave(part) }
        if index + 1 < self.blocks.count {
          try self.blocks[index + 1].enter(part, scratch: self.scratch(thread))
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
    var current = 0
    try threads.tryForEach(cut.count) { part, _ in
      guard let last = self.blocks.last else { return }
      let range = self.cut[part]
      let place = self.gradients[0].start + range.lowerBound * last.extent.imageCount
      self.kernels.layers.poolMeanBackward(
        last.extent.with(images: range.count), gradient: gradient.start + range.lowerBound * last.extent.channels, place
      )
      last.maskGradient(part, self.gradients[0])
      last.sumShortcut(part, self.gradients[0])
    }
    for (index, block) in blocks.enumerated().reversed() {
      let (from, to) = (gradients[current], gradients[block.shortcut == nil ? current : 1 - current])
      block.finishExit(parameters, into: result)
      try threads.tryForEach(cut.count) { part, thread in
        try block.backwardSecond(
          part, gradient: from, inputGradient: to, partials: self.partials, scratch: self.scratch(thread))
      }
      try block.second.reduceWeights(partials[0], layout: parameters.layout, into: result, threads: threads)
      try block.shortcut?.reduceWeights(partials[1], layout: parameters.layout, into: result, threads: threads)
      block.first.norm.finishGradient(parameters, into: result)
      let before = index > 0 ? blocks[index - 1] : nil
      try threads.tryForEach(cut.count) { part, thread in
        try block.backwardFirst(
          part, inputGradient: to, merge: before?.outputMerge(part) ?? self.stem.outputMerge(part),
          partials: self.partials[0], scratch: self.scratch(thread))
        before?.sumShortcut(part, to)
      }
      try block.first.reduceWeights(partials[0], layout: parameters.layout, into: result, threads: threads)
      if block.shortcut != nil { current = 1 - current }
    }
    let last = gradients[current]
    stem.norm.finishGradient(parameters, into: result)
    try threads.tryForEach(cut.count) { part, thread in
      try self.stem.backward(
        part, gradient: last, x: self.spectrograms, partials: self.partials[0], scratch: self.scratch(thread))
    }
    try stem.reduceWeights(partials[0], layout: parameters.layout, into: result)
  }
}
