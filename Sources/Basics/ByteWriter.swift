/// Collects bytes for a file, a message or a digest. Integers are little-endian unless stated otherwise.
package struct ByteWriter: Sendable {
  package private(set) var bytes: [UInt8]

  /// - Parameters:
  ///   - bytes: the first bytes.
  ///   - capacity: the expected number of bytes, if known.
  package init(_ bytes: [UInt8] = [], reserving capacity: Int = 0) {
    self.bytes = bytes
    if capacity > bytes.count { self.bytes.reserveCapacity(capacity) }
  }

  package var count: Int { bytes.count }

  // Specialized for the same reason as `ByteReader.integer`.
  @_specialize(where T == UInt16)
  @_specialize(where T == UInt32)
  @_specialize(where T == UInt64)
  package mutating func write<T: FixedWidthInteger>(_ value: T) { append(value.littleEndian) }

  package mutating func write<T: FixedWidthInteger>(bigEndian value: T) { append(value.bigEndian) }

  /// The 32 bytes of the value.
  package mutating func write(_ digest: Digest) { digest.append(to: &bytes) }

  package mutating func write(_ content: some Sequence<UInt8>) { bytes.append(contentsOf: content) }

  @inline(__always)
  private mutating func append<T: FixedWidthInteger>(_ inMemory: T) {
    withUnsafeBytes(of: inMemory) { bytes.append(contentsOf: $0) }
  }
}
