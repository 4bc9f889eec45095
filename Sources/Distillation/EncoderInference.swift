import Basics
import Kernels

/// The audio encoder with frozen statistics, for spectrograms of any width.
///
/// Kernels are made when a width first comes. Packed weights take four times the memory of the weights: they are made once
/// there is more than a clip or two to embed, and until then layer by layer in one place. Workspaces are kept and only ever
/// grow. An embedding's bits depend on its own spectrogram alone: not on what else is embedded, in which order, or on how many
/// threads. One call at a time.
package final class EncoderInference: @unchecked Sendable {
  /// Writes clip `clip`'s spectrogram, `[height, width]`, to `place`; runs on thread `thread`.
  package typealias Input = @Sendable (_ clip: Int, _ thread: Int, _ place: UnsafeMutablePointer<Float>) throws -> Void

  private let architecture: EncoderArchitecture
  private let student: FrozenStudent
  private let kernels: any KernelSource
  private let threads: WorkerThreads
  private let norms: [String: FrozenNorm]
  /// Packed weights that serve every width, by the layer's name.
  private var packed: [String: FloatBuffer] = [:]
  /// Where weights are packed that are used once.
  private var passing = FloatBuffer(0)
  private var clipsSeen = 0
  private static let fewestToPack = 4
  /// The one used last is last.
  private var plans: [EncoderPlan] = []
  private var workspaces: [InferenceWorkspace]
  private static let mostPlans = 8

  package init(
    _ architecture: EncoderArchitecture, _ student: FrozenStudent, kernels: any KernelSource, threads: WorkerThreads
  ) {
    (self.architecture, self.student, self.kernels, self.threads) = (architecture, student, kernels, threads)
    norms = Dictionary(
      uniqueKeysWithValues: architecture.layers.map { ($0.weight, FrozenNorm($0, student.parameters)) })
    workspaces = (0..<threads.count).map { _ in InferenceWorkspace() }
  }

  /// `[clips, width of the encoder]`.
  /// - Throws: what `input` throws, of the first clip; `kernel.convolution` for a size that no kernel takes.
  package func embed(_ clips: Int, height: Int, width: Int, input: @escaping Input) throws -> FloatBuffer {
    let result = FloatBuffer(clips * architecture.width)
    guard clips > 0 else { return result }
    let plan = try plan(height, width)
    clipsSeen += clips
    let packsOnce = packed.isEmpty && clipsSeen >= Self.fewestToPack
    if packsOnce { try packAll(plan) }
    // Even groups, at least one for each thread.
    let crew = packed.isEmpty ? 1 : threads.count
    let groups = min(clips, max(crew, (clips + plan.mostImages - 1) / plan.mostImages))
    let firsts = (0...groups).map { $0 * clips / groups }
    let largest = (clips + groups - 1) / groups
    if packed.isEmpty { fitPassing(plan) }
    for images in Set(zip(firsts, firsts.dropFirst()).map { $1 - $0 }) { try plan.prepare(images: images) }
    // Any thread may take a group. Memory that none touches costs nothing.
    for space in workspaces { space.fit(plan, images: largest, width: architecture.width) }
    let spaces = workspaces
    // While weights are packed in passing, groups go one after another.
    let lanes = packed.isEmpty ? 1 : groups
    try threads.tryForEach(lanes) { lane, thread in
      for group in lanes == 1 ? 0..<groups : lane..<lane + 1 {
        let range = firsts[group]..<firsts[group + 1]
        try self.run(plan, range, thread, spaces[thread], input)
        (result.start + range.lowerBound * self.architecture.width).update(
          from: spaces[thread].means.start, count: range.count * self.architecture.width)
      }
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
    let c = space.activations[3].start
    var (x, a, b) = (space.activations[0].start, space.activations[1].start, space.activations[2].start)
    for block in plan.blocks {
      try convolve(block.first, x, a, images, .relu, space)
      if let shortcut = block.shortcut { try convolve(shortcut, x, c, images, .bare, space) }
      try convolve(block.second, a, b, images, .add(block.shortcut == nil ? x : c, block.shortcut?.norm), space)
      extent = block.second.output
      (x, a, b) = (b, x, a)
    }
    kernels.layers.poolMean(extent.with(images: images), x, space.means.start)
  }

  private func convolve(
    _ convolution: PlannedConvolution, _ x: Floats, _ y: Output, _ images: Int, _ finish: PlannedConvolution.Finish,
    _ space: InferenceWorkspace
  ) throws {
    var shared = packed[convolution.layer.weight]
    if shared == nil, convolution.takesSeveral {
      try convolution.pack(student, into: passing)
      shared = passing
    }
    try convolution.forward(
      x, y, images: images, finish, shared: shared.map { Floats($0.start) }, scratch: space.scratch.start)
  }

  // MARK: Plans

  private func plan(_ height: Int, _ width: Int) throws -> EncoderPlan {
    if let place = plans.firstIndex(where: { $0.height == height && $0.width == width }) {
      plans.append(plans.remove(at: place))
    } else {
      if plans.count == Self.mostPlans { plans.removeFirst() }
      plans.append(
        try EncoderPlan(
          architecture, height: height, width: width,
          stem: PlannedStem(
            architecture.stem, height: height, width: width, norm: norm(architecture.stem), student, kernels)
        ) { layer, input in
          try PlannedConvolution(layer, input: input, norm: norm(layer), student, kernels)
        })
    }
    return plans[plans.count - 1]
  }

  private func norm(_ layer: ConvolutionLayer) -> FrozenNorm {
    norms[layer.weight] ?? FrozenNorm(layer, student.parameters)
  }

  /// Packs the weights that serve every width, side by side.
  private func packAll(_ plan: EncoderPlan) throws {
    // The last layers are the largest, and begin.
    let work = plan.convolutions.filter(\.takesSeveral).reversed().map { ($0, FloatBuffer($0.packedCount)) }
    let student = student
    try threads.tryForEach(work.count) { item, _ in try work[item].0.pack(student, into: work[item].1) }
    for (convolution, place) in work { packed[convolution.layer.weight] = place }
    passing = FloatBuffer(0)
  }

  private func fitPassing(_ plan: EncoderPlan) {
    let count = plan.convolutions.filter(\.takesSeveral).map(\.packedCount).max() ?? 0
    if passing.count < count { passing = FloatBuffer(count) }
  }
}
