// Builds the nodes and initializers of a graph.

import Foundation
import Tensors

struct OnnxGraph {
  enum Attribute {
    case integer(String, Int)
    case integers(String, [Int])
    case number(String, Float)
    case text(String, String)
  }

  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var initializers: [Onnx_TensorProto] = []

  /// Adds a node that is named after its output.
  mutating func node(_ kind: String, _ inputs: [String], _ output: String, _ attributes: [Attribute] = []) {
    var node = Onnx_NodeProto()
    node.opType = kind
    node.name = output
    node.input = inputs
    node.output = [output]
    node.attribute = attributes.map(Self.attribute)
    nodes.append(node)
  }

  private static func attribute(_ attribute: Attribute) -> Onnx_AttributeProto {
    var result = Onnx_AttributeProto()
    switch attribute {
    case .integer(let name, let value): (result.name, result.type, result.i) = (name, .int, Int64(value))
    case .integers(let name, let values):
      (result.name, result.type, result.ints) = (name, .ints, values.map(Int64.init))
    case .number(let name, let value): (result.name, result.type, result.f) = (name, .float, value)
    case .text(let name, let value): (result.name, result.type, result.s) = (name, .string, Data(value.utf8))
    }
    return result
  }

  /// Adds a weight under its own name.
  mutating func add(_ name: String, _ tensor: Tensor) {
    var initializer = Onnx_TensorProto()
    initializer.name = name
    initializer.dataType = tensor.type.onnx
    initializer.dims = tensor.shape.map(Int64.init)
    initializer.rawData = Data(tensor.bytes)
    initializers.append(initializer)
  }

  /// Adds a constant that is not a weight.
  mutating func add(_ name: String, _ shape: [Int], _ floats: [Float]) {
    add(OnnxModel.ownPrefix + name, Tensor(shape: shape, floats: floats))
  }

  mutating func add(_ name: String, scalar: Int64) { add(OnnxModel.ownPrefix + name, Tensor(scalar: scalar)) }

  mutating func add(_ name: String, integers: [Int64]) {
    var initializer = Onnx_TensorProto()
    initializer.name = OnnxModel.ownPrefix + name
    initializer.dataType = ElementType.int64.onnx
    initializer.dims = [Int64(integers.count)]
    initializer.rawData = integers.map(\.littleEndian).withUnsafeBytes { Data($0) }
    initializers.append(initializer)
  }

  /// A float32 input or output.
  static func value(_ name: String, _ axes: [Axis], about: String) -> Onnx_ValueInfoProto {
    var value = Onnx_ValueInfoProto()
    value.name = name
    value.docString = about
    value.type.tensorType.elemType = ElementType.float32.onnx
    value.type.tensorType.shape.dim = axes.map { axis in
      var dimension = Onnx_TensorShapeProto.Dimension()
      switch axis {
      case .fixed(let count): dimension.dimValue = Int64(count)
      case .free(let name): dimension.dimParam = name
      }
      return dimension
    }
    return value
  }

  enum Axis {
    case fixed(Int)
    /// An axis of any length, with this name.
    case free(String)
  }
}
