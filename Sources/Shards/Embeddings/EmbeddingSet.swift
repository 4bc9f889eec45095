// Embeddings on their way into a file, and tables and entries on their way out of one.

import Tensors

/// Embeddings to be written, one row an item or one a window.
package struct EmbeddingSet {
  package struct Item: Sendable {
    package var key: String
    /// 1, or the number of windows.
    package var rows: Int
    /// Of the audio.
    package var seconds: Double

    package init(key: String, rows: Int, seconds: Double) { (self.key, self.rows, self.seconds) = (key, rows, seconds) }
  }

  /// In byte order of the keys.
  package var items: [Item]
  package var width: Int
  /// Where a window begins, in seconds; nil: one row an item.
  package var times: ((_ window: Int) -> Double)?
  /// Where the embeddings come from.
  package var metadata: () throws -> [String: String]
  /// The rows of an item, rows · width numbers.
  package var values: (_ key: String) throws -> [Float]

  package init(
    _ items: [Item], width: Int, times: ((Int) -> Double)? = nil, metadata: @escaping () throws -> [String: String],
    values: @escaping (String) throws -> [Float]
  ) {
    (self.items, self.width, self.times, self.metadata, self.values) = (items, width, times, metadata, values)
  }

  package var rows: Int { items.reduce(0) { $0 + $1.rows } }

  /// `[width]` for a whole item, `[windows, width]` else.
  func shape(_ item: Item) -> [Int] { times == nil ? [width] : [item.rows, width] }

  func tensor(_ item: Item) throws -> Tensor { Tensor(shape: shape(item), floats: try values(item.key)) }
}

/// A table `[rows, width]` and what its file says of it.
package struct NamedTable: Sendable {
  package var rows: Tensor
  /// The rows' names, where the file or a list beside it has them.
  package var names: [String]?
  package var metadata: [String: String]
}

/// What is in a file, for people.
package struct FileContents: Sendable {
  package struct Entry: Sendable {
    package var name: String
    package var kind: String
    package var shape: String
    /// The same as numbers; nil where it is not the shape of an array.
    package var numbers: [Int]?

    package init(name: String, kind: String, shape: String) {
      (self.name, self.kind, self.shape) = (name, kind, shape)
    }

    package init(_ name: String, _ type: ElementType, _ shape: [Int]) {
      self.init(name: name, kind: type.rawValue, shape: "[\(shape.map(String.init).joined(separator: ", "))]")
      numbers = shape
    }

    init(_ name: String, _ header: NumpyHeader) { self.init(name, header.type, header.shape) }
  }

  package var entries: [Entry]
  package var properties: [(key: String, value: String)] = []
}
