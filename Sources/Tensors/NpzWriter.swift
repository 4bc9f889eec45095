import Basics

/// Writes a numpy archive, array by array, like `np.savez`: stored, not compressed. The same arrays give the same
/// bytes.
package struct NpzWriter {
  private var zip: StoredZipWriter

  package init(_ file: OutputFile) { zip = StoredZipWriter { try file.write($0) } }

  /// - Throws: `npy.type` for bfloat16, `zip.large` past 4 GiB.
  package mutating func add(_ name: String, _ tensor: Tensor) throws {
    try zip.add("\(name).npy", try NumpyFile.bytes(of: tensor))
  }

  /// - Throws: `zip.large` for more than 65,535 arrays.
  package func finish() throws { try zip.finish() }
}
