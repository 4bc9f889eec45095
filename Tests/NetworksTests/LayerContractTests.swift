import Basics
import Kernels
import Testing

@testable import Networks

/// The contract of every layer. A new layer is a line in `cases`.
@Suite("Every layer")
struct LayerContractTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var layers: [any LayerDescription]
    var input: Extent
    /// Whether the first layer gives the input a gradient.
    var passesOn = true
    var testDescription: String { name }
  }

  private static func block(_ inputs: Int, _ outputs: Int, stride: Int) -> ResidualBlock {
    ResidualBlock(prefix: "", name: "block", inputChannels: inputs, outputChannels: outputs, stride: stride)
  }

  private static let tokens = Extent.tokens(images: 5, count: 6, width: 24)

  /// Attention to a memory that no earlier layer changed.
  static func crossAttention(width: Int, memory: WithMemory.Size, heads: Int, tokens: Int) -> WithMemory {
    let attention = CrossAttention("attention", width: width, memoryWidth: memory.width, heads: heads)
    return WithMemory(memory: memory, [], tokens: .init(rows: tokens, width: width), [attention])
  }

  static func decoder(
    _ positions: CaptionDecoder.Positions, _ inner: CaptionDecoder.Inner, isTied: Bool = false
  ) -> CaptionDecoder {
    var decoder = CaptionDecoder(inputs: 10, vocabulary: 13)
    (decoder.width, decoder.heads, decoder.depth, decoder.hidden) = (24, 3, 2, 40)
    (decoder.positions, decoder.inner, decoder.isTied) = (positions, inner, isTied)
    (decoder.mostTokens, decoder.mostFrames) = (7, 4)
    return decoder
  }

  static let cases = [
    Case(
      name: "Stem", layers: [Stem(prefix: "", channels: 32)],
      input: Extent(images: 5, channels: 1, height: 18, width: 15),
      passesOn: false),
    Case(
      name: "ResidualBlock", layers: [block(32, 32, stride: 1)],
      input: Extent(images: 5, channels: 32, height: 6, width: 5)),
    Case(
      name: "ResidualBlock with a shortcut", layers: [block(32, 64, stride: 2)],
      input: Extent(images: 5, channels: 32, height: 7, width: 6)),
    Case(name: "MeanPool", layers: [MeanPool()], input: Extent(images: 5, channels: 32, height: 4, width: 3)),
    Case(
      name: "Linear", layers: [Linear("linear", inputs: 24, outputs: 7)], input: .row(images: 5, width: 24)),
    Case(name: "ReLU", layers: [ReLU()], input: .row(images: 5, width: 24)),
    Case(name: "Dropout", layers: [Dropout("drop")], input: .row(images: 5, width: 24)),
    Case(
      name: "Linear over tokens without a bias", layers: [Linear("linear", inputs: 24, outputs: 7, hasBias: false)],
      input: tokens),
    Case(name: "LayerNorm", layers: [LayerNorm("norm", width: 24)], input: tokens),
    Case(name: "GELU", layers: [GELU(.exact)], input: .row(images: 5, width: 24)),
    Case(name: "quick GELU", layers: [GELU(.quick)], input: .row(images: 5, width: 24)),
    Case(name: "Attention", layers: [Attention("attention", width: 24, heads: 3)], input: tokens),
    Case(
      name: "causal Attention", layers: [Attention("attention", width: 24, heads: 3, isCausal: true)], input: tokens),
    Case(name: "FeedForward", layers: [FeedForward("mlp", width: 24, hidden: 40, .quick)], input: tokens),
    Case(name: "Residual", layers: [Residual([GELU(.exact)])], input: tokens),
    Case(name: "Patches", layers: [Patches(size: 3)], input: Extent(images: 5, channels: 3, height: 7, width: 9)),
    Case(name: "ClassToken", layers: [ClassToken("class", width: 24)], input: tokens),
    Case(
      name: "PositionalEmbedding", layers: [PositionalEmbedding("position", tokens: 9, width: 24)], input: tokens),
    Case(
      name: "TokenEmbedding", layers: [TokenEmbedding("token", vocabulary: 11, width: 24)],
      input: .row(images: 5, width: 6), passesOn: false),
    Case(
      name: "mixed TokenEmbedding",
      layers: [TokenEmbedding("token", vocabulary: 11, width: 24, scale: 2, isMixed: true)],
      input: .tokens(images: 5, count: 6, width: 3), passesOn: false),
    Case(name: "SinusoidalPositions", layers: [SinusoidalPositions(width: 24)], input: tokens),
    Case(name: "TokenDropout", layers: [TokenDropout("drop", rate: 0.3)], input: tokens),
    Case(
      name: "CrossAttention",
      layers: [crossAttention(width: 24, memory: .init(rows: 4, width: 20), heads: 3, tokens: 6)],
      input: .row(images: 5, width: 4 * 20 + 6 * 24)),
    Case(
      name: "a matrix that two layers share",
      layers: [
        TokenEmbedding("token", vocabulary: 11, width: 24, isShared: true),
        Linear("last", inputs: 24, outputs: 11, sharing: "token"),
      ], input: .row(images: 5, width: 6), passesOn: false),
    Case(
      name: "tiny caption decoder", layers: decoder(.sinusoidal, .gelu).layers(frames: 3, tokens: 5),
      input: .row(images: 5, width: 3 * 10 + 5 * 3), passesOn: false),
    Case(
      name: "tiny caption decoder of other makes",
      layers: decoder(.learned, .relu, isTied: true).layers(frames: 3, tokens: 5) + [TakeToken(.last)],
      input: .row(images: 5, width: 3 * 10 + 5 * 3), passesOn: false),
    Case(name: "TakeToken, first", layers: [TakeToken(.first)], input: tokens),
    Case(name: "TakeToken, last", layers: [TakeToken(.last)], input: tokens),
    Case(
      name: "tiny vision transformer",
      layers: VisionTransformer(
        TransformerShape(width: 24, heads: 3, depth: 2, hidden: 40, gelu: .exact), imageSize: 9, patchSize: 3,
        embedding: 7
      ).layers, input: Extent(images: 5, channels: 3, height: 9, width: 9), passesOn: false),
    Case(
      name: "tiny text transformer",
      layers: TextTransformer(
        TransformerShape(width: 24, heads: 3, depth: 2, hidden: 40, gelu: .quick), vocabulary: 11, context: 9,
        embedding: 7
      ).layers, input: .row(images: 5, width: 6), passesOn: false),
    Case(
      name: "Stem, block, mean",
      layers: [Stem(prefix: "s.", channels: 32), block(32, 32, stride: 1), MeanPool()],
      input: Extent(images: 5, channels: 1, height: 18, width: 15), passesOn: false),
    Case(
      name: "tiny network and its projection",
      layers: Architecture.resNet("tiny", blocks: [1, 1], channels: [32, 64]).layers
        + Projection("head", inputs: 64, outputs: 24).layers,
      input: Extent(images: 5, channels: 1, height: 18, width: 15), passesOn: false),
  ]

  private static let factors: @Sendable (String, Int) -> [Float] = { name, width in
    Dropout.factors(seed: 3, purpose: name, epoch: 1, clips: (0..<5).map { "clip \($0)" }, width: width)
  }

  /// The output's gradient, with arbitrary fixed numbers.
  private func slope(_ count: Int) -> [Double] {
    var random = SeededRandom(seed: 11, for: "slope")
    return (0..<count).map { _ in Double(Float(random.normal())) }
  }

  private func values(_ network: TestNetwork) -> PlainValues {
    var values = network.values
    values.dropout = Self.factors
    values.dropoutKeys = TestNetwork.keys
    return values
  }

  @Test("equals its definition, for any microbatch size", arguments: cases)
  func forward(layer: Case) throws {
    let network = TestNetwork(layer.layers, layer.input)
    let expected = network.plain(nil, values(network))
    for microbatch in [5, 2] {
      let found = try network.pass(
        slope: slope(expected.values.count), microbatch: microbatch, dropout: Self.factors)
      #expect(relativeError(found.output, expected.values) < 1e-4, "microbatches of \(microbatch)")
    }
  }

  @Test("its gradients equal central differences of its definition", arguments: cases)
  func backward(layer: Case) throws {
    let network = TestNetwork(layer.layers, layer.input)
    let values = values(network)
    let output = network.plain(nil, values)
    let slope = slope(output.values.count)
    let found = try network.pass(slope: slope, microbatch: 2, dropout: Self.factors)
    func loss(_ x: PlainTensor, _ values: PlainValues) -> Double {
      zip(network.plain(x, values).values, slope).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var random = SeededRandom(seed: 5, for: "places")
    let step = 1e-5
    for slot in network.parameters.layout.trainable {
      let places = Set((0..<12).map { _ in Int(random.uniform() * Double(slot.count)) }).sorted()
      let expected = places.map { place -> Double in
        var (up, down) = (values, values)
        up.values[slot.name]?[place] += step
        down.values[slot.name]?[place] -= step
        return (loss(network.x, up) - loss(network.x, down)) / (2 * step)
      }
      let own = places.map { found.gradients[slot.offset + $0] }
      // The output does not depend on the bias of attention keys; a zero gradient has no direction to compare.
      if expected.allSatisfy({ abs($0) < 1e-7 }) {
        #expect(own.allSatisfy { abs($0) < 1e-4 }, "\(slot.name)")
        continue
      }
      #expect(relativeError(own, expected) < 2e-3 && turn(own, expected) < 1e-5, "\(slot.name)")
    }
    guard layer.passesOn else { return }
    let places = (0..<24).map { _ in Int(random.uniform() * Double(network.x.values.count)) }
    let expected = places.map { place -> Double in
      var (up, down) = (network.x, network.x)
      up.values[place] += step
      down.values[place] -= step
      return (loss(up, values) - loss(down, values)) / (2 * step)
    }
    let own = places.map { found.inputGradient[$0] }
    #expect(relativeError(own, expected) < 2e-3 && turn(own, expected) < 1e-5, "input")
  }

  @Test("with frozen statistics equals its definition with running ones", arguments: cases.filter { !$0.passesOn })
  func frozen(layer: Case) throws {
    let network = TestNetwork(layer.layers, layer.input)
    var values = network.values
    values.isFrozen = true
    let expected = network.plain(nil, values)
    // Activations are stored in blocks of 16 channels; only rows are in plain order.
    guard expected.height * expected.width == 1 else { return }
    let found = try network.frozen()
    #expect(relativeError(found, expected.values) < 1e-4)
    #expect(try network.frozen(threads: 3) == found)
  }

  @Test("gives the same bits on one to three threads and when microbatches finish in another order", arguments: cases)
  func sameBits(layer: Case) throws {
    let network = TestNetwork(layer.layers, layer.input)
    let slope = slope(network.plain().values.count)
    let one = try network.pass(slope: slope, microbatch: 1, threads: 1, dropout: Self.factors)
    for threads in 2...3 {
      let many = try network.pass(
        slope: slope, microbatch: 1, threads: threads, backend: FastBackend(.portable), dropout: Self.factors)
      #expect(many == one, "\(threads) threads")
    }
  }

  @Test("describes its parameters: unique name, shape and initialization", arguments: cases)
  func parameters(layer: Case) {
    let specs = layer.layers.flatMap(\.parameters)
    #expect(Set(specs.map(\.name)).count == specs.count)
    for spec in specs where spec.role == .weight { #expect(spec.decays == (spec.shape.count > 1), "\(spec.name)") }
    let (a, b) = (Parameters(specs), Parameters(specs))
    a.initialize(seed: 4)
    b.initialize(seed: 4)
    #expect(a.trainable.values == b.trainable.values)
    b.initialize(seed: 5)
    let areRandom = specs.contains { if case .constant = $0.initial { false } else { true } }
    #expect(!areRandom || a.trainable.values != b.trainable.values)
  }

  @Test("can be part of a graph: each operator reads only earlier results", arguments: cases)
  func operators(layer: Case) {
    var graph = OperatorGraph()
    let result = layer.layers.reduce("x") { $1.operators($0, into: &graph) }
    var known: Set = ["x"]
    for node in graph.nodes {
      #expect(known.isSuperset(of: node.inputs), "\(node.output)")
      #expect(known.insert(node.output).inserted, "\(node.output) twice")
    }
    #expect(known.contains(result))
  }
}
