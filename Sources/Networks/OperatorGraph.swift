/// A network as operators on named values: what files that carry a graph are written from. No format is known here.
package struct OperatorGraph: Sendable {
  package enum Operator: Sendable, Equatable {
    /// No bias; the padding on all four sides.
    case convolution(weight: String, kernel: Int, stride: Int, padding: Int)
    /// With running statistics; parameters are `prefix` with `.weight`, `.bias`, `.running_mean`, `.running_var`.
    case batchNorm(prefix: String, epsilon: Double)
    case relu
    case maxPool(kernel: Int, stride: Int, padding: Int)
    case add
    /// Over all pixels, to `[images, channels]`.
    case meanPool
    /// x · Wᵀ + b.
    case linear(weight: String, bias: String)
    /// One that no file format has a node of yet, by its layer's name, and the parameters that it reads.
    case unwritten(String, [String])
  }

  package struct Node: Sendable, Equatable {
    package var kind: Operator
    package var inputs: [String]
    /// The value's name, and the node's.
    package var output: String
  }

  /// In an order in which each input is there before it is read.
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

  /// Adds an operator that no file format has a node of yet.
  /// - Returns: the name of the result.
  package mutating func unwritten(_ layer: String, _ parameters: [ParameterSpec], _ x: String) -> String {
    let output = "\(x).\(layer)"
    add(.unwritten(layer, parameters.map(\.name)), [x], output)
    return output
  }
}
