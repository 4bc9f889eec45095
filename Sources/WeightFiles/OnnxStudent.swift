// The graph of a Wav2CLIP student, built from the reference's names: a ResNet of basic blocks over the log spectrogram, a
// mean over all pixels, and the projection where there is one. Batch norms stay nodes of their own, so that every weight
// keeps its name and its bits.

import Basics
import Tensors

struct OnnxStudent {
  /// What the names of constants and values begin with that are not the reference's.
  static let ownPrefix = "front_end."
  private static let encoder = "audio_encoder"
  private static let projection = "audio_transform.sequential"

  let weights: NamedTensors
  let frontEnd: OnnxFrontEnd
  let path: String
  private var made = OnnxGraph()
  private var used: Set<String> = []

  init(weights: NamedTensors, frontEnd: OnnxFrontEnd, path: String) {
    (self.weights, self.frontEnd, self.path) = (weights, frontEnd, path)
  }

  /// - Throws: `tensor.missing` for a student that lacks a part, `onnx.…` for one that the graph cannot carry.
  func graph() throws -> Onnx_GraphProto {
    var builder = self
    let spectrogram = try builder.addFrontEnd()
    let width = try builder.addEncoder(spectrogram)
    try builder.addProjection()
    if let unused = weights.names.first(where: { !builder.used.contains($0) }) {
      throw Failure.onnx(
        "\(path), \(unused)", "a tensor that is no part of the sound's way", "--parts audio or encoder")
    }
    var result = Onnx_GraphProto()
    result.name = "wav2clip"
    result.node = builder.made.nodes
    result.initializer = builder.made.initializers
    result.input = [
      OnnxGraph.value("waveform", [.free("batch"), .free("samples")], about: "mono sound in -1...1 at 16 kHz")
    ]
    result.output = [
      OnnxGraph.value("embedding", [.free("batch"), .fixed(width)], about: "in the space of CLIP's images"),
      OnnxGraph.value("encoding", [.free("batch"), .fixed(width)], about: "before the projection"),
    ]
    return result
  }

  /// The name of a weight, which becomes an initializer with its first use.
  private mutating func use(_ name: String) throws -> String {
    let tensor = try weights.required(name, source: path)
    guard tensor.type == .float32 else { throw Failure.onnx("\(path), \(name)", tensor.type.rawValue, "float32") }
    if used.insert(name).inserted { made.add(name, tensor) }
    return name
  }

  private func shape(_ name: String) -> [Int] { weights[name]?.shape ?? [] }

  private mutating func addFrontEnd() throws -> String {
    let window = try use("\(Self.encoder).spectrogram.window")
    guard shape(window) == [frontEnd.length] else {
      throw Failure.onnx("\(path), \(window)", "\(shape(window))", "[\(frontEnd.length)]")
    }
    return frontEnd.add(to: &made, waveform: "waveform", window: window)
  }

  // MARK: The encoder

  /// From the spectrogram to `encoding`. Returns its width.
  private mutating func addEncoder(_ spectrogram: String) throws -> Int {
    let stem = relu(try convolution("conv1", "bn1", spectrogram, stride: 2))
    made.node(
      "MaxPool", [stem], "maxpool",
      [.integers("kernel_shape", [3, 3]), .integers("pads", [1, 1, 1, 1]), .integers("strides", [2, 2])])
    var x = "maxpool"
    var stage = 1
    while hasBlock(stage, 0) {
      var index = 0
      while hasBlock(stage, index) {
        x = try block("layer\(stage).\(index)", x, stride: stage > 1 && index == 0 ? 2 : 1)
        index += 1
      }
      stage += 1
    }
    made.node("GlobalAveragePool", [x], "avgpool")
    made.node("Flatten", ["avgpool"], "encoding", [.integer("axis", 1)])
    return weights["\(Self.encoder).layer\(stage - 1).0.bn1.weight"]?.elementCount ?? 0
  }

  private func hasBlock(_ stage: Int, _ index: Int) -> Bool {
    weights["\(Self.encoder).layer\(stage).\(index).conv1.weight"] != nil
  }

  private mutating func block(_ name: String, _ x: String, stride: Int) throws -> String {
    let first = relu(try convolution("\(name).conv1", "\(name).bn1", x, stride: stride))
    let second = try convolution("\(name).conv2", "\(name).bn2", first, stride: 1)
    let hasShortcut = weights["\(Self.encoder).\(name).downsample.0.weight"] != nil
    let shortcut =
      hasShortcut ? try convolution("\(name).downsample.0", "\(name).downsample.1", x, stride: stride) : x
    made.node("Add", [second, shortcut], name)
    return relu(name)
  }

  /// A convolution and its batch norm.
  private mutating func convolution(_ name: String, _ norm: String, _ x: String, stride: Int) throws -> String {
    let weight = try use("\(Self.encoder).\(name).weight")
    let shape = shape(weight)
    guard shape.count == 4, shape[2] == shape[3] else {
      throw Failure.onnx("\(path), \(weight)", "\(shape)", "[out, in, kernel, kernel]")
    }
    let pad = shape[2] / 2
    made.node(
      "Conv", [x, weight], name,
      [
        .integers("kernel_shape", [shape[2], shape[2]]), .integers("pads", [pad, pad, pad, pad]),
        .integers("strides", [stride, stride]),
      ])
    var inputs = [name]
    for part in ["weight", "bias", "running_mean", "running_var"] {
      inputs.append(try use("\(Self.encoder).\(norm).\(part)"))
    }
    made.node("BatchNormalization", inputs, norm, [.number("epsilon", 1e-5)])
    return norm
  }

  private mutating func relu(_ x: String) -> String {
    made.node("Relu", [x], "\(x).relu")
    return "\(x).relu"
  }

  // MARK: The projection

  /// From `encoding` to `embedding`; the same where the student has no projection.
  private mutating func addProjection() throws {
    guard weights["\(Self.projection).0.weight"] != nil else {
      return made.node("Identity", ["encoding"], "embedding")
    }
    try linear("0", "encoding", "hidden")
    try linear("3", relu("hidden"), "embedding")
  }

  private mutating func linear(_ name: String, _ x: String, _ output: String) throws {
    let inputs = [x, try use("\(Self.projection).\(name).weight"), try use("\(Self.projection).\(name).bias")]
    made.node("Gemm", inputs, output, [.integer("transB", 1)])
  }
}
