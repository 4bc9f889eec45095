import Basics
import Shards
import Tensors

/// The embeddings to search and their keys.
struct SearchGallery {
  private(set) var keys: [String] = []
  /// `[keys, width]`.
  private(set) var values: [Float] = []
  private(set) var width = 0

  /// Reads a file that `pipeline embed` wrote, or a directory or file of teacher embeddings.
  /// - Throws: `search.vectors` when nothing can be read from it; errors of the format.
  init(_ path: String) throws {
    let names = path.hasSuffix(".npy") ? String(path.dropLast(3)) + "keys.txt" : ""
    if !names.isEmpty, Files.exists(names) {
      let tensor = try NumpyFile.read(try Files.read(path), source: path)
      let lines = String(decoding: try Files.read(names), as: UTF8.self).split(separator: "\n").map(String.init)
      guard tensor.shape.count == 2, tensor.shape[0] == lines.count else {
        throw Failure.searchEmbeddings(path, "\(tensor.shape) and \(lines.count) keys")
      }
      try add(tensor, lines, path)
    } else {
      let index = try EmbeddingIndex(paths: [path])
      if let refused = index.refused.first { throw refused }
      for key in index.keys {
        for location in index.locations(forKey: key) {
          let rows = try location.rows()
          let count = rows.shape.count == 1 ? 1 : rows.shape.first ?? 0
          try add(rows, count == 1 ? [key] : (0..<count).map { "\(key)_\(threeDigits($0))" }, path)
        }
      }
    }
    guard !keys.isEmpty else { throw Failure.searchEmbeddings(path, "no embeddings") }
    guard values.allSatisfy(\.isFinite) else { throw Failure.searchEmbeddings(path, "NaN or infinity") }
  }

  private mutating func add(_ rows: Tensor, _ names: [String], _ path: String) throws {
    let width = rows.shape.last ?? 0
    guard width > 0, self.width == 0 || self.width == width, rows.elementCount == names.count * width else {
      throw Failure.searchEmbeddings(path, "rows of \(self.width) and of \(width) numbers")
    }
    self.width = width
    keys += names
    values += try rows.floats()
  }
}
