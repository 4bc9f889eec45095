import Basics
import Kernels

/// A network with frozen statistics, for inputs of any size.
///
/// Kernels are made when a size first comes. Packed weights take four times the memory of the weights: they are made
/// once there is more than an input or two, and until then layer by layer in one place. Workspaces are kept and only
/// ever grow. A result's bits depend on its own input alone: not on what else goes through, in which order, or on how
/// many threads. One call at a time.
package final class InferenceNetwork: @unchecked Sendable {
  /// Writes input `image`, of the size that was named, to `place`; runs on thread `thread`.
  package typealias Input = @Sendable (_ image: Int, _ thread: Int, _ place: MutableFloats) throws -> Void

  /// Values of a result.
  package let width: Int
  private let layers: [any LayerDescription]
  private let weights: FrozenWeights
  private let context: FrozenContext
  private let threads: WorkerThreads
  /// Packed weights that serve every size, by name.
  private var kept: [String: FloatBuffer] = [:]
  private var passing = FloatBuffer(0)
  private var imagesSeen = 0
  private static let fewestToPack = 4
  /// The one used last is last.
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

  /// `[images, width]` of images of one channel.
  /// - Throws: as `run(_:of:input:)`.
  package func run(_ images: Int, height: Int, width: Int, input: @escaping Input) throws -> FloatBuffer {
    try run(images, of: Extent(images: 1, channels: 1, height: height, width: width), input: input)
  }

  /// `[images, width]` of inputs of one size.
  /// - Parameter size: of one input.
  /// - Throws: what `input` throws, of the first image; `kernel.convolution` for a size that no kernel takes.
  package func run(_ images: Int, of size: Extent, input: @escaping Input) throws -> FloatBuffer {
    let result = FloatBuffer(images * self.width)
    guard images > 0 else { return result }
    let plan = try plan(size)
    imagesSeen += images
    if kept.isEmpty, imagesSeen >= Self.fewestToPack { try packAll(plan) }
    // While weights are packed in passing, groups go one after another.
    let isPacked = plan.convolutions.allSatisfy { kept[$0.name] != nil }
    // Even groups, at least one for each thread.
    let crew = isPacked ? threads.count : 1
    let groups = min(images, max(crew, (images + plan.mostImages - 1) / plan.mostImages))
    let firsts = (0...groups).map { $0 * images / groups }
    if !isPacked { fitPassing(plan) }
    for count in Set(zip(firsts, firsts.dropFirst()).map { $1 - $0 }) { try plan.prepare(images: count) }
    // Any thread may take a group. Memory that none touches costs nothing.
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

  /// Packs the weights that serve every size, side by side.
  private func packAll(_ plan: FrozenPlan) throws {
    // The last layers are the largest, and begin.
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
  /// Of one image.
  let input: Extent
  let layers: [any FrozenLayer]
  let convolutions: [FrozenConvolution]
  /// Images that one thread takes at a time at most: about as much work as eight clips of ten seconds.
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

  /// Floats of the largest activation between layers, of one image.
  var largestActivation: Int { layers.map(\.output.imageCount).max() ?? 0 }

  func scratchCount(images: Int) -> Int { (layers.map { $0.scratchCount(images: images) }.max() ?? 0) + 16 }

  /// One group on one thread. The first layer takes images one by one as they come, so that only one input lies in
  /// memory.
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

/// What one thread needs for one group. Grows when a longer input comes, and stays then.
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
