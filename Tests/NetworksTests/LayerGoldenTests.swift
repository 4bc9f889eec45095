import Basics
import Kernels
import TestSupport
import Testing

@testable import Networks

/// Compares layers with values that a script computed in numpy from written-out definitions. The values are in the
/// repository, so that a clone alone has an independent reference.
@Suite("Numpy agrees with every layer")
struct LayerGoldenTests {
  private static func block(_ outputs: Int, stride: Int) -> ResidualBlock {
    ResidualBlock(prefix: "", name: "block", inputChannels: 32, outputChannels: outputs, stride: stride)
  }

  private static let images = Extent(images: 3, channels: 1, height: 18, width: 15)
  private static let maps = Extent(images: 3, channels: 32, height: 5, width: 4)
  private static let tokens = Extent.tokens(images: 3, count: 4, width: 8)
  private static let rows = Extent.row(images: 5, width: 24)

  /// Cases with the names of `LayerContractTests.cases` and the sizes of `Scripts/reference/make-layer-goldens`.
  static let cases: [LayerContractTests.Case] = [
    .init(name: "Stem", layers: [Stem(prefix: "", channels: 32)], input: images, passesOn: false),
    .init(name: "ResidualBlock", layers: [block(32, stride: 1)], input: maps),
    .init(name: "ResidualBlock with a shortcut", layers: [block(64, stride: 2)], input: maps),
    .init(name: "MeanPool", layers: [MeanPool()], input: Extent(images: 3, channels: 32, height: 3, width: 2)),
    .init(name: "Linear", layers: [Linear("linear", inputs: 24, outputs: 7)], input: rows),
    .init(name: "ReLU", layers: [ReLU()], input: rows),
    .init(name: "Dropout", layers: [Dropout("drop")], input: rows),
    .init(
      name: "Linear over tokens without a bias", layers: [Linear("linear", inputs: 8, outputs: 7, hasBias: false)],
      input: tokens),
    .init(name: "LayerNorm", layers: [LayerNorm("norm", width: 8)], input: tokens),
    .init(name: "GELU", layers: [GELU(.exact)], input: rows),
    .init(name: "quick GELU", layers: [GELU(.quick)], input: rows),
    .init(name: "Attention", layers: [Attention("attention", width: 8, heads: 2)], input: tokens),
    .init(
      name: "causal Attention", layers: [Attention("attention", width: 8, heads: 2, isCausal: true)], input: tokens),
    .init(name: "FeedForward", layers: [FeedForward("mlp", width: 8, hidden: 12, .quick)], input: tokens),
    .init(name: "Residual", layers: [Residual([GELU(.exact)])], input: tokens),
    .init(name: "Patches", layers: [Patches(size: 2)], input: Extent(images: 3, channels: 3, height: 5, width: 7)),
    .init(name: "ClassToken", layers: [ClassToken("class", width: 8)], input: tokens),
    .init(
      name: "PositionalEmbedding", layers: [PositionalEmbedding("position", tokens: 6, width: 8)], input: tokens),
    .init(
      name: "TokenEmbedding", layers: [TokenEmbedding("token", vocabulary: 5, width: 8)],
      input: .row(images: 3, width: 4), passesOn: false),
    .init(
      name: "mixed TokenEmbedding",
      layers: [TokenEmbedding("token", vocabulary: 5, width: 8, scale: 2, isMixed: true)],
      input: .tokens(images: 3, count: 4, width: 3), passesOn: false),
    .init(name: "SinusoidalPositions", layers: [SinusoidalPositions(width: 8)], input: tokens),
    .init(name: "TokenDropout", layers: [TokenDropout("drop", rate: 0.3)], input: tokens),
    .init(
      name: "CrossAttention",
      layers: [
        LayerContractTests.crossAttention(width: 8, memory: .init(rows: 3, width: 6), heads: 2, tokens: 4)
      ], input: .row(images: 3, width: 3 * 6 + 4 * 8)),
    .init(name: "TakeToken, first", layers: [TakeToken(.first)], input: tokens),
    .init(name: "TakeToken, last", layers: [TakeToken(.last)], input: tokens),
    .init(
      name: "Stem, block, mean", layers: [Stem(prefix: "", channels: 32), block(32, stride: 1), MeanPool()],
      input: images, passesOn: false),
  ]

  @Test("every layer of the contract has numpy values")
  func all() throws {
    let goldens = try LayerGoldens()
    for layer in LayerContractTests.cases where layer.layers.count == 1 {
      #expect(goldens.cases.contains(layer.name), "Scripts/reference/make-layer-goldens lacks \(layer.name)")
      #expect(Self.cases.contains { $0.name == layer.name }, "\(layer.name)")
    }
  }

  @Test("output, running statistics and gradients", arguments: cases, InstructionSet.allCases.filter { $0 <= .best })
  func agrees(layer: LayerContractTests.Case, set: InstructionSet) throws {
    let goldens = try LayerGoldens()
    var network = TestNetwork(layer.layers, layer.input)
    let layout = network.parameters.layout
    for (slots, buffer) in [
      (layout.trainable, network.parameters.trainable), (layout.running, network.parameters.running),
    ] {
      for slot in slots {
        let values = goldens.parameter(layer.name, slot.name, shape: slot.shape)
        (buffer.start + slot.offset).update(from: values, count: slot.count)
      }
    }
    network.x.values = goldens.numbers(layer.name, "input", count: layer.input.count).map(Double.init)
    let outputs = layer.layers.reduce(layer.input) { $1.output($0) }
    let slope = goldens.numbers(layer.name, "slope", count: outputs.count).map(Double.init)
    let factors: DropoutFactors = { name, width in
      goldens.numbers(layer.name, "factors/\(name)", count: 5 * width).map { $0 < -0.6 ? 0 : 1.25 }
    }
    for microbatch in [layer.input.images, 2] {
      let found = try network.pass(
        slope: slope, microbatch: microbatch, backend: FastBackend(set), dropout: factors)
      var arrays = ["output": found.output]
      for slot in layout.trainable {
        // This gradient is zero up to rounding, and the file does not contain it.
        if slot.name.hasSuffix("k_proj.bias") { continue }
        arrays["\(slot.name) gradient"] = Array(found.gradients[slot.offset..<slot.offset + slot.count])
      }
      for slot in layout.running {
        arrays[slot.name] = Array(found.running[slot.offset..<slot.offset + slot.count])
      }
      if layer.passesOn { arrays["input gradient"] = found.inputGradient }
      let names = goldens.names(of: layer.name).filter { layer.passesOn || $0 != "input gradient" }
      #expect(Set(names) == Set(arrays.keys))
      for (name, values) in arrays.sorted(by: { $0.key < $1.key }) {
        let agreement = try goldens.agreement(values, layer.name, name)
        #expect(agreement.holds(error: 1e-4, cosine: 0.999_999), "\(name), microbatches of \(microbatch): \(agreement)")
      }
    }
  }
}
