import Basics

/// Tensors by name, in a given order. Names are unique.
package struct NamedTensors: Sendable, Equatable {
  package private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]

  package init() {}

  /// - Throws: `tensor.duplicate` if a name is repeated.
  package init(_ pairs: some Sequence<(String, Tensor)>, source: String = "tensors") throws {
    for (name, tensor) in pairs { try add(name, tensor, source: source) }
  }

  package var count: Int { names.count }
  package var isEmpty: Bool { names.isEmpty }
  package var byteCount: Int { tensors.values.reduce(0) { $0 + $1.bytes.count } }

  package subscript(name: String) -> Tensor? { tensors[name] }

  /// In order.
  package var pairs: [(name: String, tensor: Tensor)] { names.compactMap { name in tensors[name].map { (name, $0) } } }

  /// - Throws: `tensor.duplicate`.
  package mutating func add(_ name: String, _ tensor: Tensor, source: String = "tensors") throws {
    guard tensors.updateValue(tensor, forKey: name) == nil else { throw Failure.tensorDuplicate(source, name) }
    names.append(name)
  }

  /// Replaces a tensor in its position, or adds it at the end.
  package mutating func set(_ name: String, _ tensor: Tensor) {
    if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
  }

  /// - Throws: `tensor.missing`, with the most similar name.
  package func required(_ name: String, source: String = "tensors") throws -> Tensor {
    guard let tensor = tensors[name] else { throw Failure.tensorMissing(source, name, among: names) }
    return tensor
  }

  /// The same tensors, sorted by name in byte order.
  package var sorted: NamedTensors {
    var copy = self
    copy.names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return copy
  }
}
