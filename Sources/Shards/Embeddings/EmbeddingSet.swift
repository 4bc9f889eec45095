// Embeddings to be written to a file, and tables and entries read from one.

import Tensors

/// Embeddings to be written, one row per item or per window.
package struct EmbeddingSet {
  package struct Item: Sendable {
    package var key: String
    /// 1, or the number of windows.
    package var rows: Int
    /// The length of the audio.
    package var seconds: Double

    package init(key: String, rows: Int, seconds: Double) { (self.key, self.rows, self.seconds) = (key, rows, seconds) }
  }

  /// In byte order of the keys.
  package var items: [Item]
  package var width: Int
  /// The start of a window in seconds; nil: one row per item.
  package var times: ((_ window: Int) -> Double)?
  /// Facts about the origin of the embeddings.
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

  /// `[width]` for a whole item, else `[windows, width]`.
  func shape(_ item: Item) -> [Int] { times == nil ? [width] : [item.rows, width] }

  func tensor(_ item: Item) throws -> Tensor { Tensor(shape: shape(item), floats: try values(item.key)) }
}

/// A table `[rows, width]` and its metadata.
package struct NamedTable: Sendable {
  package var rows: Tensor
  /// The names of the rows, if the file or a list beside it has them.
  package var names: [String]?
  package var metadata: [String: String]
}

/// The contents of a file, for display.
package struct FileContents: Sendable {
  package struct Entry: Sendable {
    package var name: String
    package var kind: String
    package var shape: String
    /// The shape as numbers; nil if it is not the shape of an array.
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
