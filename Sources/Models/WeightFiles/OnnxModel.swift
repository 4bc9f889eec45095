// The graph of a model from the waveform to the embedding: the front end, then the architecture's operators. Batch
// norms remain separate nodes, so that every weight keeps its name and its bits.

import Basics
import Networks
import Tensors

struct OnnxModel {
  /// The prefix of the names of constants and values that the reference does not have.
  static let ownPrefix = "front_end."

  let tensors: NamedTensors
  let frontEnd: OnnxFrontEnd
  let path: String
  private let architecture: Architecture
  private let projection: Projection?
  private var made = OnnxGraph()
  private var used: Set<String> = []
  /// Values' names in the file, by their names in the operators, where the two differ.
  private var names: [String: String] = [:]

  init(_ tensors: NamedTensors, metadata: [String: String], path: String) throws {
    (self.tensors, self.path) = (tensors, path)
    frontEnd = try OnnxFrontEnd(metadata, path: path)
    (architecture, projection) = try Model.outline(tensors, metadata: metadata, source: path)
  }

  /// - Throws: `tensor.missing` for a model that lacks a part, `onnx.…` for one that the graph cannot represent.
  func graph() throws -> Onnx_GraphProto {
    var builder = self
    let spectrogram = try builder.addFrontEnd()
    try builder.addOperators(spectrogram)
    if let unused = tensors.names.first(where: { !builder.used.contains($0) }) {
      throw Failure.onnx(
        "\(path), \(unused)", "a tensor that the audio does not pass through", "--parts audio or encoder")
    }
    var result = Onnx_GraphProto()
    result.name = "wav2clip"
    result.node = builder.made.nodes
    result.initializer = builder.made.initializers
    result.input = [
      OnnxGraph.value("waveform", [.free("batch"), .free("samples")], about: "mono sound in -1...1 at 16 kHz")
    ]
    result.output = [
      OnnxGraph.value(
        "embedding", [.free("batch"), .fixed(projection?.outputs ?? architecture.width)],
        about: "in the space of CLIP's images"),
      OnnxGraph.value("encoding", [.free("batch"), .fixed(architecture.width)], about: "before the projection"),
    ]
    return result
  }

  /// The name of a weight; the first use adds it as an initializer.
  private mutating func use(_ name: String) throws -> String {
    let tensor = try tensors.required(name, source: path)
    guard tensor.type == .float32 else { throw Failure.onnx("\(path), \(name)", tensor.type.rawValue, "float32") }
    if used.insert(name).inserted { made.add(name, tensor) }
    return name
  }

  private mutating func addFrontEnd() throws -> String {
    let window = try use(Architecture.prefix + "spectrogram.window")
    let shape = tensors[window]?.shape ?? []
    guard shape == [frontEnd.length] else {
      throw Failure.onnx("\(path), \(window)", "\(shape)", "[\(frontEnd.length)]")
    }
    return frontEnd.add(to: &made, waveform: "waveform", window: window)
  }

  private mutating func addOperators(_ spectrogram: String) throws {
    let (graph, encoding, embedding) = Model.operators(architecture, projection: projection, input: spectrogram)
    names[encoding] = "encoding"
    if let projection {
      names["\(projection.name).sequential.0"] = "hidden"
      names[embedding] = "embedding"
    }
    for node in graph.nodes {
      try add(node)
      // The mean pool keeps two axes of length one, but its readers need rows.
      if node.output == encoding { made.node("Flatten", [encoding], "encoding", [.integer("axis", 1)]) }
    }
    if projection == nil { made.node("Identity", ["encoding"], "embedding") }
  }
}

extension OnnxModel {
  /// The name of a value in the file: parts of names change too, as in `hidden.relu`.
  private func called(_ name: String) -> String {
    if let other = names[name] { return other }
    guard name.hasSuffix(".relu") else { return name }
    return called(String(name.dropLast(5))) + ".relu"
  }

  private mutating func add(_ node: OperatorGraph.Node) throws {
    let inputs = node.inputs.map(called)
    let output = node.kind == .meanPool ? node.output : called(node.output)
    switch node.kind {
    case .convolution(let weight, let kernel, let stride, let padding):
      made.node("Conv", inputs + [try use(weight)], output, Self.window(kernel, stride, padding))
    case .batchNorm(let prefix, let epsilon):
      let parts = try ["weight", "bias", "running_mean", "running_var"].map { try use("\(prefix).\($0)") }
      made.node("BatchNormalization", inputs + parts, output, [.number("epsilon", Float(epsilon))])
    case .relu: made.node("Relu", inputs, output)
    case .maxPool(let kernel, let stride, let padding):
      made.node("MaxPool", inputs, output, Self.window(kernel, stride, padding))
    case .add: made.node("Add", inputs, output)
    case .meanPool: made.node("GlobalAveragePool", inputs, output)
    case .linear(let weight, let bias):
      made.node("Gemm", inputs + [try use(weight), try use(bias)], output, [.integer("transB", 1)])
    case .unwritten(let layer, _): throw Failure.onnxOperator(layer)
    }
  }

  private static func window(_ kernel: Int, _ stride: Int, _ padding: Int) -> [OnnxGraph.Attribute] {
    [
      .integers("kernel_shape", [kernel, kernel]), .integers("pads", [padding, padding, padding, padding]),
      .integers("strides", [stride, stride]),
    ]
  }
}
