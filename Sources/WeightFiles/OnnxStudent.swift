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

  /// - Throws: `tensor.missing` for a student that lacks a part, `onnx.…` for one that the graph cannot carry.
  func graph() throws -> Onnx_GraphProto {
    var (graph, used) = (OnnxGraph(), Set<String>())
    func use(_ name: String) throws -> String {
      let tensor = try weights.required(name, source: path)
      guard tensor.type == .float32 else { throw Failure.onnx("\(path), \(name)", tensor.type.rawValue, "float32") }
      if used.insert(name).inserted { graph.add(name, tensor) }
      return name
    }
    let window = try use("\(Self.encoder).spectrogram.window")
    guard weights[window]?.shape == [frontEnd.length] else {
      throw Failure.onnx("\(path), \(window)", "\(weights[window]?.shape ?? [])", "[\(frontEnd.length)]")
    }
    let spectrogram = frontEnd.add(to: &graph, waveform: "waveform", window: window)

    func convolution(_ name: String, _ norm: String, _ x: String, stride: Int) throws -> String {
      let weight = try use("\(Self.encoder).\(name).weight")
      guard let shape = weights[weight]?.shape, shape.count == 4, shape[2] == shape[3] else {
        throw Failure.onnx("\(path), \(weight)", "\(weights[weight]?.shape ?? [])", "[out, in, kernel, kernel]")
      }
      let pad = shape[2] / 2
      graph.node(
        "Conv", [x, weight], name,
        [
          .integers("kernel_shape", [shape[2], shape[2]]), .integers("pads", [pad, pad, pad, pad]),
          .integers("strides", [stride, stride]),
        ])
      let parts = try ["weight", "bias", "running_mean", "running_var"].map { try use("\(Self.encoder).\(norm).\($0)") }
      graph.node("BatchNormalization", [name] + parts, norm, [.number("epsilon", 1e-5)])
      return norm
    }
    func relu(_ x: String) -> String {
      graph.node("Relu", [x], "\(x).relu")
      return "\(x).relu"
    }

    let stem = relu(try convolution("conv1", "bn1", spectrogram, stride: 2))
    graph.node(
      "MaxPool", [stem], "maxpool",
      [.integers("kernel_shape", [3, 3]), .integers("pads", [1, 1, 1, 1]), .integers("strides", [2, 2])])
    var x = "maxpool"
    var stage = 1
    while weights["\(Self.encoder).layer\(stage).0.conv1.weight"] != nil {
      var block = 0
      while weights["\(Self.encoder).layer\(stage).\(block).conv1.weight"] != nil {
        let name = "layer\(stage).\(block)"
        let stride = stage > 1 && block == 0 ? 2 : 1
        let first = relu(try convolution("\(name).conv1", "\(name).bn1", x, stride: stride))
        let second = try convolution("\(name).conv2", "\(name).bn2", first, stride: 1)
        let hasShortcut = weights["\(Self.encoder).\(name).downsample.0.weight"] != nil
        let shortcut =
          hasShortcut ? try convolution("\(name).downsample.0", "\(name).downsample.1", x, stride: stride) : x
        graph.node("Add", [second, shortcut], name)
        x = relu(name)
        block += 1
      }
      stage += 1
    }
    graph.node("GlobalAveragePool", [x], "avgpool")
    graph.node("Flatten", ["avgpool"], "encoding", [.integer("axis", 1)])
    let width = weights["\(Self.encoder).layer\(stage - 1).0.bn1.weight"]?.elementCount ?? 0

    if weights["\(Self.projection).0.weight"] != nil {
      let linear = { (name: String) in try ["weight", "bias"].map { try use("\(Self.projection).\(name).\($0)") } }
      graph.node("Gemm", ["encoding"] + (try linear("0")), "hidden", [.integer("transB", 1)])
      graph.node("Gemm", [relu("hidden")] + (try linear("3")), "embedding", [.integer("transB", 1)])
    } else {
      graph.node("Identity", ["encoding"], "embedding")
    }
    if let unused = weights.names.first(where: { !used.contains($0) }) {
      throw Failure.onnx(
        "\(path), \(unused)", "a tensor that is no part of the sound's way", "--parts audio or encoder")
    }

    var result = Onnx_GraphProto()
    result.name = "wav2clip"
    result.node = graph.nodes
    result.initializer = graph.initializers
    result.input = [
      OnnxGraph.value("waveform", [.free("batch"), .free("samples")], about: "mono sound in -1...1 at 16 kHz")
    ]
    result.output = [
      OnnxGraph.value("embedding", [.free("batch"), .fixed(width)], about: "in the space of CLIP's images"),
      OnnxGraph.value("encoding", [.free("batch"), .fixed(width)], about: "before the projection"),
    ]
    return result
  }
}
