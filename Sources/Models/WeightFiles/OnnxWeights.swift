// `.onnx`: the student as a graph from the waveform to the embedding, for ONNX Runtime and similar programs. The
// weights are the graph's initializers under the reference's names, so that they can be read back bit for bit.

import Basics
import Foundation
import SwiftProtobuf
import Tensors

enum OnnxWeights: WeightFormat {
  static let name = "ONNX"
  static let extensions = ["onnx"]
  static let carriesHalf = false
  static let isAudioOnly = true

  /// Opset 17 and its IR version: ONNX 1.12, ONNX Runtime 1.12 and later.
  private static let operatorSet: Int64 = 17
  private static let intermediateVersion: Int64 = 8
  /// The metadata key of the batch norms' step counters, which no node takes as an input.
  private static let counters = "num_batches_tracked"
  /// The limit of protobuf.
  private static let largest = Int(Int32.max)

  static func write(_ weights: NamedTensors, metadata: [String: String], to path: String) throws {
    let (counts, used) = try partition(weights)
    var properties = metadata
    if !counts.isEmpty { properties[counters] = try CanonicalJSON.text(counts) }
    var model = Onnx_ModelProto()
    model.irVersion = intermediateVersion
    model.producerName = ToolVersion.name
    model.producerVersion = ToolVersion.text
    model.docString = """
      Wav2CLIP audio encoder. Input: waveform [batch, samples], float32 in -1...1, mono, over \
      \(OnnxFrontEnd.leastSamples(metadata)) samples at \(metadata["sample_rate"] ?? "16000") Hz; each row is normalised by \
      itself. Outputs: embedding [batch, width] in CLIP's space, encoding [batch, width] before the projection.
      """
    var operators = Onnx_OperatorSetIdProto()
    operators.version = operatorSet
    model.opsetImport = [operators]
    model.graph = try OnnxModel(used, metadata: metadata, path: path).graph()
    model.metadataProps = properties.sorted { $0.key < $1.key }.map { key, value in
      var property = Onnx_StringStringEntryProto()
      (property.key, property.value) = (key, value)
      return property
    }
    let file = try OutputFile(path)
    try file.write(try model.serializedBytes() as [UInt8])
    try file.commit()
  }

  /// The counters by name, and the other tensors.
  private static func partition(_ weights: NamedTensors) throws -> ([String: Int64], NamedTensors) {
    var (counts, others) = ([String: Int64](), NamedTensors())
    for (name, tensor) in weights.pairs {
      if name.hasSuffix(".\(counters)"), let count = try tensor.integers().first {
        counts[name] = count
      } else {
        try others.add(name, tensor)
      }
    }
    return (counts, others)
  }

  /// The initializers that are weights, in the order of the file, each counter directly after its batch norm's
  /// variance.
  static func read(_ path: String) throws -> (weights: NamedTensors, metadata: [String: String]) {
    let file = try MappedFile(path)
    guard file.bytes.count <= largest else { throw Failure.onnx(path, "\(file.bytes.count) bytes", "under 2 GiB") }
    let model: Onnx_ModelProto
    do {
      // The message copies the data that it keeps.
      model = try withExtendedLifetime(file) {
        let start = file.bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
        let data = start.map { Data(bytesNoCopy: $0, count: file.bytes.count, deallocator: .none) } ?? Data()
        return try Onnx_ModelProto(serializedBytes: data)
      }
    } catch {
      throw Failure.onnx(path, "\(error)", "a protocol buffer: onnx.ModelProto")
    }
    guard model.hasGraph, !model.graph.initializer.isEmpty else {
      throw Failure.onnx(path, "no weights", "a graph with initializers")
    }
    var metadata: [String: String] = [:]
    for property in model.metadataProps { metadata[property.key] = property.value }
    let counts = try metadata.removeValue(forKey: counters).map {
      try CanonicalJSON.decode([String: Int64].self, from: Array($0.utf8), source: "\(path), \(counters)")
    }
    var weights = NamedTensors()
    for initializer in model.graph.initializer where !initializer.name.hasPrefix(OnnxModel.ownPrefix) {
      try weights.add(initializer.name, try tensor(initializer, path), source: path)
      let counter = initializer.name.replacing(".running_var", with: ".\(counters)")
      if counter != initializer.name, let count = counts?[counter] {
        try weights.add(counter, Tensor(scalar: count), source: path)
      }
    }
    return (weights, metadata)
  }

  private static func tensor(_ initializer: Onnx_TensorProto, _ path: String) throws -> Tensor {
    let place = "\(path), \(initializer.name)"
    guard let type = ElementType(onnx: initializer.dataType) else {
      throw Failure.onnx(place, "element type \(initializer.dataType)", "one with a numeric type")
    }
    let shape = try initializer.dims.map { axis in
      guard axis >= 0, let count = Int(exactly: axis) else { throw Failure.onnx(place, "axis \(axis)", "axes ≥ 0") }
      return count
    }
    let needed = try Tensor.byteCount(shape: shape, type: type, source: place)
    guard initializer.rawData.count == needed else {
      throw Failure.onnx(
        place, "\(initializer.rawData.count) bytes", "\(needed), in raw_data, as this program and PyTorch write them")
    }
    return try Tensor(shape: shape, type: type, bytes: Array(initializer.rawData), source: place)
  }
}

extension ElementType {
  /// ONNX's number for it.
  var onnx: Int32 {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .bool: 9
    case .float16: 10
    case .float64: 11
    case .uint32: 12
    case .uint64: 13
    case .bfloat16: 16
    }
  }

  init?(onnx number: Int32) {
    guard let type = Self.allCases.first(where: { $0.onnx == number }) else { return nil }
    self = type
  }
}
