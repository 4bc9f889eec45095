import Basics
import Kernels
import Testing

@testable import Networks

/// The contract of every architecture in `builtInArchitectures`.
@Suite("Every architecture")
struct ArchitectureContractTests {
  static let names = builtInArchitectures.map(\.name)
  /// The last feature maps are 2×2, so norms have sixteen values per channel.
  private static let input = Extent(images: 4, channels: 1, height: 40, width: 36)

  @Test("has a unique name; only the standard one is the default")
  func labels() throws {
    #expect(Set(Self.names).count == Self.names.count && Self.names.contains(Architecture.standard.name))
    #expect(builtInArchitectures.filter { $0.label == nil }.map(\.name) == [Architecture.standard.name])
    #expect(try Architecture.named(nil).name == Architecture.standard.name)
    for name in Self.names { #expect(try Architecture.named(name).name == name) }
    #expect(throws: Failure.self) { try Architecture.named("resnet1") }
  }

  @Test("ends in a row of its width, and is recognized by its shapes", arguments: names)
  func shapes(name: String) throws {
    let architecture = try Architecture.named(name)
    let output = architecture.layers.reduce(Self.input) { $1.output($0) }
    #expect(output == .row(images: 4, width: architecture.width))
    let specs = architecture.parameters
    #expect(Set(specs.map(\.name)).count == specs.count)
    #expect(specs.allSatisfy { $0.name.hasPrefix(Architecture.prefix) && $0.shape.allSatisfy { $0 > 0 } })
    let shapes = Dictionary(uniqueKeysWithValues: specs.map { ($0.name, $0.shape) })
    #expect(Architecture.resNet(withShapes: shapes)?.name == name)
  }

  @Test("is a graph that reads each of its weights once", arguments: names)
  func graph(name: String) throws {
    var graph = OperatorGraph()
    let architecture = try Architecture.named(name)
    let result = architecture.layers.reduce("x") { $1.operators($0, into: &graph) }
    var known: Set = ["x"]
    for node in graph.nodes {
      #expect(known.isSuperset(of: node.inputs) && known.insert(node.output).inserted, "\(node.output)")
    }
    #expect(known.contains(result))
    let text = graph.nodes.map { "\($0.kind)" }.joined(separator: " ")
    for spec in architecture.parameters where spec.role == .weight {
      let prefix = spec.name.split(separator: ".").dropLast().joined(separator: ".")
      #expect(text.contains("\"\(spec.name)\"") || text.contains("\"\(prefix)\""), "\(spec.name)")
    }
  }

  @Test("equals its plain layers, frozen and in training, and trains a step with finite gradients", arguments: names)
  func agrees(name: String) throws {
    let network = TestNetwork(try Architecture.named(name).layers, Self.input)
    var values = network.values
    let slope = (0..<network.input.images * (try Architecture.named(name).width)).map { Double($0 % 7) - 3 }
    let found = try network.pass(slope: slope, microbatch: 2, threads: 2, backend: FastBackend())
    let error = relativeError(found.output, network.plain(nil, values).values)
    #expect(error < 1e-3, "in training")
    let layout = network.parameters.layout
    for slot in layout.trainable {
      let gradient = found.gradients[slot.offset..<slot.offset + slot.count]
      #expect(gradient.allSatisfy { $0.isFinite } && gradient.contains { $0 != 0 }, "\(slot.name)")
    }
    #expect(found.running.allSatisfy { $0.isFinite })
    values.isFrozen = true
    let frozenError = relativeError(try network.frozen(threads: 2), network.plain(nil, values).values)
    #expect(frozenError < 1e-4, "frozen")
    print("\(name) against its plain layers: \(error) in training, \(frozenError) frozen")
  }
}
