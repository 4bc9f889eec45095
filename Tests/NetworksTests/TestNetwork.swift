import Basics
import Kernels

@testable import Networks

/// A few layers with random parameters and a random input, run by the network and by their definitions.
struct TestNetwork {
  let layers: [any LayerDescription]
  let input: Extent
  let parameters: Parameters
  let gradients: FloatBuffer
  var x: PlainTensor

  init(_ layers: [any LayerDescription], _ input: Extent, seed: UInt64 = 1) {
    (self.layers, self.input) = (layers, input)
    parameters = Parameters(layers.flatMap(\.parameters))
    parameters.initialize(seed: seed)
    var random = SeededRandom(seed: seed, for: "input")
    // Norms are initialized with scale 1 and shift 0, which hides mistakes, so they get random values, some negative.
    for slot in parameters.layout.trainable where slot.shape.count == 1 {
      for i in 0..<slot.count {
        let isScale = slot.name.hasSuffix(".weight")
        parameters.trainable.start[slot.offset + i] = Float(
          (isScale ? (i % 3 == 0 ? -1 : 1) : 0) + 0.3 * random.normal())
      }
    }
    for slot in parameters.layout.running {
      for i in 0..<slot.count {
        parameters.running.start[slot.offset + i] = Float(
          0.2 * random.uniform() + (slot.name.hasSuffix("var") ? 0.5 : 0))
      }
    }
    gradients = FloatBuffer(parameters.layout.trainableCount)
    x = PlainTensor(
      images: input.images, channels: input.channels, height: input.height, width: input.width,
      (0..<input.count).map { _ in Double(Float(random.normal())) })
  }

  var values: PlainValues { PlainValues(parameters) }

  /// A key for each layer and image: FNV-1a of both, as in `Scripts/reference/make-layer-goldens`.
  static let keys: DropoutKeys = { name, image in
    "\(name)/\(image)".utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  func plain(_ x: PlainTensor? = nil, _ values: PlainValues? = nil) -> PlainTensor {
    layers.reduce(x ?? self.x) { $1.plain($0, values ?? self.values) }
  }

  struct Result: Equatable {
    var output: [Float]
    var gradients: [Float]
    var inputGradient: [Float]
    var running: [Float]
  }

  /// Runs one forward and one backward pass, with its own copy of the parameters.
  ///
  /// - Parameters:
  ///   - slope: the output's gradient, in the plain order.
  func pass(
    slope: [Double], microbatch: Int, threads count: Int = 1, backend: any Backend = FastBackend(.portable),
    reduction: any Reduction = LocalReduction(), dropout: DropoutFactors? = nil
  ) throws -> Result {
    let own = Parameters(parameters.layout)
    own.trainable.start.update(from: parameters.trainable.start, count: own.trainable.count)
    own.running.start.update(from: parameters.running.start, count: own.running.count)
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    let gradients = FloatBuffer(own.layout.trainableCount)
    let network = try Network(
      layers + [Reader()], input: input, microbatch: microbatch, parameters: own, gradients: gradients,
      backend: backend,
      threads: threads, reduction: reduction)
    write(x.values, to: network.input)
    try network.forward(dropout: dropout, keys: dropout == nil ? nil : Self.keys)
    let output = read(network.output)
    write(slope, to: network.output)
    try network.backward()
    return Result(
      output: output, gradients: gradients.values, inputGradient: read(network.input), running: own.running.values)
  }

  private func places(_ extent: Extent) -> [Int] {
    (0..<extent.images).flatMap { n in
      (0..<extent.channels).flatMap { c in
        (0..<extent.height).flatMap { r in (0..<extent.width).map { extent.offset(n, c, r, $0) } }
      }
    }
  }

  private func write(_ values: [Double], to activation: Activation) {
    for (value, place) in zip(values, places(activation.extent)) { activation.values.start[place] = Float(value) }
  }

  /// The values in plain order.
  private func read(_ activation: Activation) -> [Float] {
    places(activation.extent).map { activation.values.start[$0] }
  }

  func frozen(threads count: Int = 1) throws -> [Float] {
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    let (values, size) = (x.values, input.imageCount)
    let network = InferenceNetwork(
      layers, width: plain().values.count / input.images, FrozenWeights(parameters), backend: FastBackend(.portable),
      threads: threads)
    return try network.run(input.images, of: input.with(images: 1)) { image, _, place in
      for i in 0..<size { place[i] = Float(values[image * size + i]) }
    }.values
  }
}

/// Reads the last layer's output and writes its gradient as `Activation` requires, value by value, like the layers'
/// fused kernels.
private struct Reader: LayerDescription {
  var parameters: [ParameterSpec] { [] }
  func output(_ input: Extent) -> Extent { input }
  func training(_ input: Activation, _ context: TrainingContext) -> any Layer { Reading(input) }
  func frozen(_ input: Extent, _ context: FrozenContext) -> (any FrozenLayer)? { nil }
  func operators(_ x: String, into graph: inout OperatorGraph) -> String { x }
  func plain(_ x: PlainTensor, _ values: PlainValues) -> PlainTensor { x }
}

private final class Reading: Layer, @unchecked Sendable {
  let output: Activation
  private let input: Activation

  init(_ input: Activation) {
    self.input = input
    output = Activation(input.extent, input.microbatches)
  }

  private func channel(_ place: Int) -> Int {
    let extent = input.extent
    return place / (extent.pixels * extent.block) % (extent.channels / extent.block) * extent.block
      + place % extent.block
  }

  private func seen(_ value: Float, _ place: Int, _ prologue: Prologue?) -> Float {
    guard let prologue else { return value }
    return max(0, value * prologue.scale[channel(place)] + prologue.shift[channel(place)])
  }

  var forward: [Step] {
    [
      Step(run: { part, _ in
        for i in 0..<self.input.extent(part).count {
          self.output.place(part)[i] = self.seen(self.input.place(part)[i], i, self.input.prologue)
        }
      })
    ]
  }

  var backward: [Step] {
    [
      Step(run: { part, _ in
        let (place, epilogue) = (self.input.place(part), self.input.gradientEpilogue?(part, nil))
        if let sums = epilogue?.sums {
          for c in 0..<self.input.extent.channels { (sums.sums[c], sums.products[c]) = (0, 0) }
        }
        for i in 0..<self.input.extent(part).count {
          let c = self.channel(i)
          let active = epilogue?.activation.map { self.seen($0[i], i, epilogue?.prologue) } ?? 1
          let gradient = active > 0 ? self.output.place(part)[i] : 0
          if let sums = epilogue?.sums {
            sums.sums[c] += Double(gradient)
            sums.products[c] += Double(gradient) * (Double(sums.x[i]) - Double(sums.mean[c]))
          }
          place[i] = gradient
        }
        self.input.gradientIsWritten?(part)
      })
    ]
  }
}

/// The largest difference relative to the largest expected value; infinite if all expected values are zero.
func relativeError(_ found: [Float], _ expected: [Double]) -> Double {
  guard found.count == expected.count, let largest = expected.map(abs).max(), largest > 0 else { return .infinity }
  return zip(found, expected).map { abs(Double($0) - $1) }.max().map { $0 / largest } ?? .infinity
}

/// 1 − the cosine between both: 1 for gradients that are zero, large for those that point elsewhere.
func turn(_ found: [Float], _ expected: [Double]) -> Double {
  let dot = zip(found, expected).reduce(0) { $0 + Double($1.0) * $1.1 }
  let lengths = found.reduce(0) { $0 + Double($1) * Double($1) } * expected.reduce(0) { $0 + $1 * $1 }
  return lengths > 0 ? 1 - dot / lengths.squareRoot() : 1
}
