import Basics
import Kernels

/// The audio encoder with frozen statistics, for spectrograms of any width.
///
/// Kernels and packed weights are made when a width first comes; those that serve every width are packed once. Workspaces are
/// kept and only ever grow. An embedding's bits depend on its own spectrogram alone: not on what else is embedded, in which
/// order, or on how many threads. One call at a time.
package final class EncoderInference: @unchecked Sendable {
  /// Writes clip `clip`'s spectrogram, `[height, width]`, to `place`; runs on thread `thread`.
  package typealias Input = @Sendable (_ clip: Int, _ thread: Int, _ place: UnsafeMutablePointer<Float>) throws -> Void

  private let architecture: EncoderArchitecture
  private let parameters: Parameters
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let norms: [String: FrozenNorm]
  /// Packed weights that serve every width, by the layer's name.
  private var packed: [String: FloatBuffer] = [:]
  /// The one used last is last.
  private var plans: [EncoderPlan] = []
  private var workspaces: [InferenceWorkspace]
  private static let mostPlans = 8

  package init(
    _ architecture: EncoderArchitecture, _ parameters: Parameters, kernels: any KernelSource, threads: WorkerThreads
  ) {
    (self.architecture, self.parameters, self.kernels, self.threads) = (architecture, parameters, kernels, threads)
    norms = Dictionary(uniqueKeysWithValues: architecture.layers.map { ($0.weight, FrozenNorm($0, parameters)) })
    workspaces = (0..<threads.count).map { _ in InferenceWorkspace() }
  }

  /// `[clips, width of the encoder]`.
  /// - Throws: what `input` throws, of the first clip; `kernel.convolution` for a size that no kernel takes.
  package func embed(_ clips: Int, height: Int, width: Int, input: @escaping Input) throws -> FloatBuffer {
    let result = FloatBuffer(clips * architecture.width)
    guard clips > 0 else { return result }
    let plan = try plan(height, width)
    // Even groups, at least one for each thread.
    let groups = min(clips, max(threads.count, (clips + plan.mostImages - 1) / plan.mostImages))
    let firsts = (0...groups).map { $0 * clips / groups }
    let largest = (clips + groups - 1) / groups
    for images in Set(zip(firsts, firsts.dropFirst()).map { $1 - $0 }) { try plan.prepare(images: images) }
    for space in workspaces.prefix(groups) { space.fit(plan, images: largest, width: architecture.width) }
    let spaces = workspaces
    try threads.tryForEach(groups) { group, thread in
      let range = firsts[group]..<firsts[group + 1]
      try self.run(plan, range, thread, spaces[thread], input)
      (result.start + range.lowerBound * self.architecture.width).update(
        from: spaces[thread].means.start, count: range.count * self.architecture.width)
    }
    return result
  }

  // MARK: One group

  private func run(
    _ plan: EncoderPlan, _ clips: Range<Int>, _ thread: Int, _ space: InferenceWorkspace, _ input: Input
  ) throws {
    let images = clips.count
    var extent = plan.stem.output
    for (image, clip) in clips.enumerated() {
      try input(clip, thread, space.spectrogram.start)
      plan.stem.forward(
        space.spectrogram.start, space.activations[0].start + image * extent.imageCount, scratch: space.scratch.start)
    }
    let (c, scratch) = (space.activations[3].start, space.scratch.start)
    var (x, a, b) = (space.activations[0].start, space.activations[1].start, space.activations[2].start)
    for block in plan.blocks {
      try block.first.forward(x, a, images: images, .relu, scratch: scratch)
      try block.shortcut?.forward(x, c, images: images, .bare, scratch: scratch)
      let residual = PlannedConvolution.Finish.add(block.shortcut == nil ? x : c, block.shortcut?.norm)
      try block.second.forward(a, b, images: images, residual, scratch: scratch)
      extent = block.second.output
      (x, a, b) = (b, x, a)
    }
    kernels.layers.poolMean(extent.with(images: images), x, space.means.start)
  }

  // MARK: Plans

  private func plan(_ height: Int, _ width: Int) throws -> EncoderPlan {
    if let place = plans.firstIndex(where: { $0.height == height && $0.width == width }) {
      plans.append(plans.remove(at: place))
    } else {
      try packShared(height, width)
      if plans.count == Self.mostPlans { plans.removeFirst() }
      plans.append(
        try EncoderPlan(
          architecture, height: height, width: width,
          stem: PlannedStem(
            architecture.stem, height: height, width: width, norm: norm(architecture.stem), parameters, kernels)
        ) { layer, input in
          try PlannedConvolution(
            layer, input: input, norm: norm(layer), parameters, kernels, shared: packed[layer.weight])
        })
    }
    return plans[plans.count - 1]
  }

  private func norm(_ layer: ConvolutionLayer) -> FrozenNorm { norms[layer.weight] ?? FrozenNorm(layer, parameters) }

  /// Packs the weights that serve every width, the first time, side by side: they are most of the work of a short job.
  private func packShared(_ height: Int, _ width: Int) throws {
    guard packed.isEmpty else { return }
    var layers: [(layer: ConvolutionLayer, kernel: any ConvolutionKernel, place: FloatBuffer)] = []
    for layer in architecture.layers where layer.inputChannels > 1 {
      let input = Extent(images: 1, channels: layer.inputChannels, height: height, width: width)
      let kernel = try kernels.convolution(layer.shape(input, images: 1), training: false, dataGradient: false)
      guard kernel is WinogradConvolution else { continue }
      layers.append((layer, kernel, FloatBuffer(kernel.packedCount(.forward))))
    }
    let (work, parameters) = (layers, parameters)
    // The last layers are the largest, and begin.
    try threads.tryForEach(work.count) { item, _ in
      let one = work[work.count - 1 - item]
      try one.kernel.pack(parameters.weights("audio_encoder.\(one.layer.weight)"), for: .forward, into: one.place.start)
    }
    for one in layers { packed[one.layer.weight] = one.place }
  }
}
