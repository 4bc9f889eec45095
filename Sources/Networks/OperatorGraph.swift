/// A network as operators on named values, from which files with a graph are written. It does not depend on a file
/// format.
package struct OperatorGraph: Sendable {
  package enum Operator: Sendable, Equatable {
    /// Without bias; the padding is the same on all four sides.
    case convolution(weight: String, kernel: Int, stride: Int, padding: Int)
    /// With running statistics; the parameters are `prefix` plus `.weight`, `.bias`, `.running_mean`, `.running_var`.
    case batchNorm(prefix: String, epsilon: Double)
    case relu
    case maxPool(kernel: Int, stride: Int, padding: Int)
    case add
    /// Over all pixels, to `[images, channels]`.
    case meanPool
    /// x · Wᵀ + b.
    case linear(weight: String, bias: String)
    /// An operator that no file format supports yet: the layer's name, and the parameters that it reads.
    case unwritten(String, [String])
  }

  package struct Node: Sendable, Equatable {
    package var kind: Operator
    package var inputs: [String]
    /// The name of the value and of the node.
    package var output: String
  }

  /// In an order in which each input is computed before it is read.
  package private(set) var nodes: [Node] = []

  package init() {}

  package mutating func add(_ kind: Operator, _ inputs: [String], _ output: String) {
    nodes.append(Node(kind: kind, inputs: inputs, output: output))
  }

  /// - Returns: the name of the result.
  package mutating func relu(_ x: String) -> String {
    add(.relu, [x], "\(x).relu")
    return "\(x).relu"
  }

  /// Adds an operator that no file format supports yet.
  /// - Returns: the name of the result.
  package mutating func unwritten(_ layer: String, _ parameters: [ParameterSpec], _ x: String) -> String {
    let output = "\(x).\(layer)"
    add(.unwritten(layer, parameters.map(\.name)), [x], output)
    return output
  }
}
