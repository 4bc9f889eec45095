import Basics
import Kernels

/// A network with frozen statistics, for inputs of any size.
///
/// Kernels are created when a size first occurs. Packed weights take four times the memory of the weights: they are
/// created and kept once there have been several inputs; until then, each layer's weights are packed in the same
/// temporary place. Workspaces are kept and only grow. A result's bits depend only on its own input: not on other
/// inputs, their order, or the number of threads. Only one call may run at a time.
package final class InferenceNetwork: @unchecked Sendable {
  /// Writes input `image`, of the given size, to `place`; runs on thread `thread`.
  package typealias Input = @Sendable (_ image: Int, _ thread: Int, _ place: MutableFloats) throws -> Void

  /// Values of a result.
  package let width: Int
  private let layers: [any LayerDescription]
  private let weights: FrozenWeights
  private let context: FrozenContext
  private let threads: WorkerThreads
  /// Packed weights, which serve every size, by name.
  private var kept: [String: FloatBuffer] = [:]
  private var passing = FloatBuffer(0)
  private var imagesSeen = 0
  private static let fewestToPack = 4
  /// The plans for recent sizes; the most recently used one is last.
  private var plans: [FrozenPlan] = []
  private let workspaces: [InferenceWorkspace]
  private static let mostPlans = 8

  /// - Parameters:
  ///   - layers: from inputs to `[width]` values each.
  package init(
    _ layers: [any LayerDescription], width: Int, _ weights: FrozenWeights, backend: any Backend,
    threads: WorkerThreads
  ) {
    (self.layers, self.width, self.weights, self.threads) = (layers, width, weights, threads)
    context = FrozenContext(weights, backend)
    workspaces = (0..<threads.count).map { _ in InferenceWorkspace() }
  }

  /// `[images, width]` for images with one channel.
  /// - Throws: the same errors as `run(_:of:input:)`.
  package func run(_ images: Int, height: Int, width: Int, input: @escaping Input) throws -> FloatBuffer {
    try run(images, of: Extent(images: 1, channels: 1, height: height, width: width), input: input)
  }

  /// `[images, width]` for inputs of one size.
  /// - Parameter size: the size of one input.
  /// - Throws: the error of `input` for the first image that fails; `kernel.convolution` for a size that no kernel
  ///   supports.
  package func run(_ images: Int, of size: Extent, input: @escaping Input) throws -> FloatBuffer {
    let result = FloatBuffer(images * self.width)
    guard images > 0 else { return result }
    let plan = try plan(size)
    imagesSeen += images
    if kept.isEmpty, imagesSeen >= Self.fewestToPack { try packAll(plan) }
    // While weights are packed temporarily, groups run one after another.
    let isPacked = plan.convolutions.allSatisfy { kept[$0.name] != nil }
    // Groups of equal size, at least one per thread.
    let crew = isPacked ? threads.count : 1
    let groups = min(images, max(crew, (images + plan.mostImages - 1) / plan.mostImages))
    let firsts = (0...groups).map { $0 * images / groups }
    if !isPacked { fitPassing(plan) }
    for count in Set(zip(firsts, firsts.dropFirst()).map { $1 - $0 }) { try plan.prepare(images: count) }
    // Any thread may take a group. Memory that no thread touches costs nothing.
    let (spaces, packing) = (workspaces, Packing(weights: weights, kept: kept, passing: passing))
    for space in spaces { space.fit(plan, images: (images + groups - 1) / groups) }
    let lanes = isPacked ? groups : 1
    try threads.tryForEach(lanes) { lane, thread in
      for group in lanes == 1 ? 0..<groups : lane..<lane + 1 {
        let range = firsts[group]..<firsts[group + 1]
        let values = try plan.run(range, thread, spaces[thread], packing, input)
        (result.start + range.lowerBound * self.width).update(from: values, count: range.count * self.width)
      }
    }
    return result
  }

  private func plan(_ size: Extent) throws -> FrozenPlan {
    if let place = plans.firstIndex(where: { $0.input == size }) {
      plans.append(plans.remove(at: place))
    } else {
      if plans.count == Self.mostPlans { plans.removeFirst() }
      plans.append(try FrozenPlan(layers, size, context))
    }
    return plans[plans.count - 1]
  }

  /// Packs all weights in parallel. They serve every size.
  private func packAll(_ plan: FrozenPlan) throws {
    // The last layers are the largest and are packed first.
    let work = plan.convolutions.reversed().map { ($0, FloatBuffer($0.packedCount)) }
    let weights = weights
    try threads.tryForEach(work.count) { item, _ in try work[item].0.pack(weights, into: work[item].1) }
    for (convolution, place) in work { kept[convolution.name] = place }
    passing = FloatBuffer(0)
  }

  private func fitPassing(_ plan: FrozenPlan) {
    let count = plan.convolutions.map(\.packedCount).max() ?? 0
    if passing.count < count { passing = FloatBuffer(count) }
  }
}

/// A network's frozen layers for inputs of one size.
private final class FrozenPlan: Sendable {
  /// The input of one image.
  let input: Extent
  let layers: [any FrozenLayer]
  let convolutions: [FrozenConvolution]
  /// The most images that one thread takes at a time: about as much work as eight clips of ten seconds.
  let mostImages: Int

  init(_ descriptions: [any LayerDescription], _ input: Extent, _ context: FrozenContext) throws {
    self.input = input
    mostImages = min(max(8 * 454 / max(1, input.width), 1), 32)
    var (layers, extent) = ([any FrozenLayer](), input)
    for description in descriptions {
      guard let layer = try description.frozen(extent, context) else { continue }
      layers.append(layer)
      extent = layer.output
    }
    self.layers = layers
    convolutions = layers.flatMap(\.convolutions)
  }

  func prepare(images: Int) throws { for convolution in convolutions { try convolution.prepare(images: images) } }

  /// Floats of the largest activation between layers, for one image.
  var largestActivation: Int { layers.map(\.output.imageCount).max() ?? 0 }

  func scratchCount(images: Int) -> Int { (layers.map { $0.scratchCount(images: images) }.max() ?? 0) + 16 }

  /// Runs one group on one thread. The first layer takes images one by one, so that only one input is in memory.
  /// - Returns: `[images, width]` in the workspace.
  func run(
    _ images: Range<Int>, _ thread: Int, _ space: InferenceWorkspace, _ packing: Packing,
    _ input: InferenceNetwork.Input
  ) throws -> Floats {
    var (x, y) = (space.activations[0].start, space.activations[1].start)
    guard let first = layers.first else { return Floats(x) }
    for (place, image) in images.enumerated() {
      try input(image, thread, space.input.start)
      try first.forward(
        space.input.start, x + place * first.output.imageCount, images: 1, scratch: space.scratch.start, packing)
    }
    for layer in layers.dropFirst() {
      try layer.forward(x, y, images: images.count, scratch: space.scratch.start, packing)
      (x, y) = (y, x)
    }
    return Floats(x)
  }
}

/// The memory that one thread needs for one group. It grows for larger inputs and never shrinks.
private final class InferenceWorkspace: @unchecked Sendable {
  private(set) var input = FloatBuffer(0)
  private(set) var activations = [FloatBuffer(0), FloatBuffer(0)]
  private(set) var scratch = FloatBuffer(0)

  func fit(_ plan: FrozenPlan, images: Int) {
    Self.grow(&input, plan.input.imageCount)
    for i in activations.indices { Self.grow(&activations[i], images * plan.largestActivation) }
    Self.grow(&scratch, plan.scratchCount(images: images))
  }

  private static func grow(_ buffer: inout FloatBuffer, _ count: Int) {
    if buffer.count < count { buffer = FloatBuffer(count) }
  }
}
