import Basics
import Foundation
import TestSupport
import Testing

@testable import Tensors
@testable import Models

@Suite("ONNX files")
struct OnnxTests {
  @Test("hold the graph from waveform to embedding, and the weights under the reference's names")
  func graph() throws {
    let scratch = try Scratch()
    try WeightFiles.write(try TinyStudent.weights(), metadata: TinyStudent.metadata, to: scratch["a.onnx"])
    let model = try Onnx_ModelProto(serializedBytes: try Files.read(scratch["a.onnx"]))
    #expect(model.irVersion == 8 && model.opsetImport.map(\.version) == [17])
    #expect(model.graph.input.map(\.name) == ["waveform"])
    #expect(model.graph.output.map(\.name) == ["embedding", "encoding"])
    #expect(model.graph.output.map { $0.type.tensorType.shape.dim.map(\.dimValue) } == [[0, 32], [0, 32]])
    // Every value is computed once, and before it is used.
    var known = Set(model.graph.initializer.map(\.name) + ["waveform"])
    for node in model.graph.node {
      #expect(node.input.allSatisfy(known.contains), "\(node.name)")
      for output in node.output { #expect(known.insert(output).inserted, "\(output)") }
    }
    #expect(known.contains("embedding") && known.contains("encoding"))
    let strided = model.graph.node.filter { node in
      node.opType == "Conv" && node.attribute.contains { $0.name == "strides" && $0.ints == [2, 2] }
    }
    #expect(strided.map(\.name) == ["conv1", "layer2.0.conv1", "layer2.0.downsample.0"])
  }

  @Test("without a projection the embedding is the encoding")
  func encoder() throws {
    let scratch = try Scratch()
    try WeightFiles.write(try TinyStudent.weights(projects: false), metadata: [:], to: scratch["a.onnx"])
    let model = try Onnx_ModelProto(serializedBytes: try Files.read(scratch["a.onnx"]))
    #expect(model.graph.node.last?.opType == "Identity")
    #expect(model.graph.node.last?.input == ["encoding"])
  }

  @Test("weights that cannot become a graph are refused, by name")
  func refusals() throws {
    let scratch = try Scratch()
    let whole = try TinyStudent.weights()
    func code(_ change: (inout NamedTensors) throws -> Void, _ metadata: [String: String] = [:]) throws -> String? {
      var weights = whole
      try change(&weights)
      return failureCode { try WeightFiles.write(weights, metadata: metadata, to: scratch["a.onnx"]) }
    }
    let half = try #require(whole["audio_encoder.conv1.weight"]).converted(to: .float16)
    #expect(try code { $0.set("audio_encoder.conv1.weight", half) } == "onnx.content")
    #expect(
      try code { try $0.add("image_transform.sequential.0.bias", Tensor(shape: [1], floats: [0])) } == "onnx.content")
    #expect(
      try code { $0.set("audio_encoder.spectrogram.window", Tensor(shape: [4], floats: [0, 1, 1, 0])) }
        == "onnx.content")
    #expect(try code({ _ in }, ["n_fft": "500"]) == "onnx.front-end")
    let lacking = try NamedTensors(
      whole.pairs.filter { $0.name != "audio_encoder.bn1.bias" }.map { ($0.name, $0.tensor) })
    #expect(
      failureCode { try WeightFiles.write(lacking, metadata: [:], to: scratch["a.onnx"]) } == "tensor.missing")
    #expect(!Files.exists(scratch["a.onnx"]))
  }

  @Test("damaged files are read or refused")
  func damage() throws {
    let scratch = try Scratch()
    try WeightFiles.write(try TinyStudent.weights(), metadata: TinyStudent.metadata, to: scratch["a.onnx"])
    let file = try Files.read(scratch["a.onnx"])
    var random = SeededRandom(seed: 20, for: "onnx")
    for _ in 0..<100 {
      try Files.write(Mutations.mutated(file, &random), to: scratch["b.onnx"])
      _ = try? WeightFiles.read(scratch["b.onnx"])
    }
    try Files.write([], to: scratch["b.onnx"])
    #expect(failureCode { _ = try WeightFiles.read(scratch["b.onnx"]) } == "onnx.content")
  }

  @Test(
    "cosines from basic arithmetic equal libm's to the last bits, exact where possible", arguments: [8, 512, 1024])
  func cosines(parts: Int) {
    for part in -0...2 * parts {
      let expected = cos(2 * .pi * Double(part) / Double(parts))
      #expect(abs(Turn.cosine(part, of: parts) - expected) <= 2e-15)
    }
    #expect(Turn.cosine(0, of: parts) == 1 && Turn.cosine(parts / 2, of: parts) == -1)
    #expect(Turn.cosine(parts / 4, of: parts) == 0)
  }
}
