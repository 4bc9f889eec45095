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
  private let stem: NormalizedConvolution
  private let pooledExtent: Extent
  private let pooled: FloatBuffer
  private let winners: ByteBuffer
  private let blocks: [TrainingBlock]
  /// Gradients of block outputs, in turn.
  private let gradients: [FloatBuffer]
  private let scratch: FloatBuffer
  private let scratchCount: Int
  private let temporary: FloatBuffer
  private let temporaryCount: Int
  private let partials: [FloatBuffer]
  private let profile: Profile?
  private let rows: (pack: Int, pool: Int, leave: Int, unpool: Int, reduce: Int)?

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
    stem = try NormalizedConvolution(
      architecture.stem, input: input, cut: cut, source: kernels, dataGradient: false, profile: profile)
    pooledExtent = stem.extent.pooled
    pooled = FloatBuffer(pooledExtent.count)
    winners = ByteBuffer(pooledExtent.count)
    var (blocks, extent, before) = ([TrainingBlock](), pooledExtent, pooled)
    for block in architecture.blocks {
      let made = try TrainingBlock(block, input: extent, x: before, cut: cut, source: kernels, profile: profile)
      (extent, before) = (made.extent, made.output)
      blocks.append(made)
    }
    self.blocks = blocks
    embeddings = FloatBuffer(batch * extent.channels)
    let convolutions = [stem] + blocks.flatMap(\.convolutions)
    scratchCount = (convolutions.map(\.scratchCount).max() ?? 0) + 16
    scratch = FloatBuffer(scratchCount * threads.count)
    let largest = max(pooledExtent.imageCount, blocks.map(\.extent.imageCount).max() ?? 0)
    gradients = [FloatBuffer(largest * batch), FloatBuffer(largest * batch)]
    temporaryCount = microbatch * max(stem.extent.imageCount, largest)
    temporary = FloatBuffer(temporaryCount * threads.count)
    let partial = convolutions.map(\.partialCount).max() ?? 0
    let shortcut = blocks.compactMap { $0.shortcut?.partialCount }.max() ?? 0
    partials = [FloatBuffer(partial * cut.count), FloatBuffer(shortcut * cut.count)]
    let parts = cut.count
    rows = profile.map {
      (
        $0.row("all", "pack weights", slots: convolutions.count), $0.row("stem", "pool", slots: parts),
        $0.row("blocks", "add, ReLU", slots: parts), $0.row("stem", "pool backward", slots: parts),
        $0.row("all", "sum weight gradients")
      )
    }
  }

  private func scratch(_ thread: Int) -> UnsafeMutablePointer<Float> { scratch.start + thread * scratchCount }
  private func temporary(_ thread: Int) -> UnsafeMutablePointer<Float> { temporary.start + thread * temporaryCount }

  /// From `spectrograms` to `embeddings`; running statistics move.
  package func forward(_ parameters: Parameters) throws {
    let convolutions = [stem] + blocks.flatMap(\.convolutions)
    try threads.tryForEach(convolutions.count) { item, _ in
      try self.profile.measure(self.rows?.pack, slot: item) { try convolutions[item].prepare(parameters) }
    }
    try threads.tryForEach(cut.count) { part, thread in
      try self.stem.forward(part, self.spectrograms, gate: nil, scratch: self.scratch(thread))
    }
    stem.finishStatistics(parameters)
    try threads.tryForEach(cut.count) { part, thread in
      self.profile.measure(self.rows?.pool, slot: part) { self.pool(part) }
      try self.blocks[0].enter(part, scratch: self.scratch(thread))
    }
    for (index, block) in blocks.enumerated() {
      block.finishEntry(parameters)
      try threads.tryForEach(cut.count) { part, thread in try block.middle(part, scratch: self.scratch(thread)) }
      block.second.finishStatistics(parameters)
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

  private func pool(_ part: Int) {
    let range = cut[part]
    kernels.layers.poolMaximum(
      stem.extent.with(images: range.count), stem.output.start + range.lowerBound * stem.extent.imageCount,
      scale: stem.scale.start, shift: stem.shift.start, pooled.start + range.lowerBound * pooledExtent.imageCount,
      winner: winners.start + range.lowerBound * pooledExtent.imageCount)
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
      block.first.finishGradient(parameters, into: result)
      let before = index > 0 ? blocks[index - 1] : nil
      try threads.tryForEach(cut.count) { part, thread in
        try block.backwardFirst(
          part, inputGradient: to, merge: before?.outputMerge(part) ?? GradientMerge(adds: true),
          partials: self.partials[0], scratch: self.scratch(thread))
        before?.sumShortcut(part, to)
        if before == nil {
          self.profile.measure(self.rows?.unpool, slot: part) {
            self.unpool(part, to, self.temporary(thread))
            self.stem.sumGradient(part, self.temporary(thread), activation: nil)
          }
        }
      }
      try block.first.reduceWeights(partials[0], layout: parameters.layout, into: result, threads: threads)
      if block.shortcut != nil { current = 1 - current }
    }
    let last = gradients[current]
    stem.finishGradient(parameters, into: result)
    try threads.tryForEach(cut.count) { part, thread in
      // Scattering twice is cheaper than keeping the stem's gradient, the largest of all.
      self.profile.measure(self.rows?.unpool, slot: part) { self.unpool(part, last, self.temporary(thread)) }
      try self.stem.backward(
        part, gradient: self.temporary(thread), x: self.spectrograms, gate: nil, dx: nil, partials: self.partials[0],
        scratch: self.scratch(thread))
    }
    try stem.reduceWeights(partials[0], layout: parameters.layout, into: result, threads: threads)
  }

  private func unpool(_ part: Int, _ gradient: FloatBuffer, _ target: UnsafeMutablePointer<Float>) {
    let range = cut[part]
    let offset = range.lowerBound * pooledExtent.imageCount
    kernels.layers.poolMaximumBackward(
      stem.extent.with(images: range.count), gradient: gradient.start + offset, y: pooled.start + offset,
      winner: winners.start + offset, target)
  }
}
