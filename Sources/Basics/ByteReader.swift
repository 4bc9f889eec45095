/// A cursor over untrusted bytes, valid as long as they are. Integers are little-endian.
///
/// Every step is checked: if the bytes end before it, it returns nil and does not move. No length stated in a file can
/// cause a trap.
package struct ByteReader {
  package let bytes: UnsafeRawBufferPointer
  /// The number of bytes before the cursor.
  package private(set) var offset: Int

  /// - Parameter offset: where reading starts; an offset outside the bytes is moved to their nearest end.
  package init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = max(0, min(offset, bytes.count))
  }

  package var remaining: Int { bytes.count - offset }

  package mutating func byte() -> UInt8? {
    guard remaining > 0 else { return nil }
    defer { offset += 1 }
    return bytes[offset]
  }

  // A generic function of another module takes 50 ns if it is not specialized, and 4 ns if it is.
  @_specialize(where T == UInt16)
  @_specialize(where T == UInt32)
  @_specialize(where T == UInt64)
  package mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
    let width = MemoryLayout<T>.size
    guard remaining >= width else { return nil }
    defer { offset += width }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The 32 bytes of a SHA-256 value.
  package mutating func digest() -> Digest? { take(32)?.baseAddress.map { Digest(at: $0) } }

  /// The next `count` bytes, in place.
  package mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// For a length as read from a file: one that does not fit an `Int` is past the end too.
  package mutating func take(_ count: UInt64) -> UnsafeRawBufferPointer? { Int(exactly: count).flatMap { take($0) } }

  /// UTF-8 text of `count` bytes. Nil also if it is not UTF-8; the cursor has then moved past it.
  package mutating func text(_ count: Int) -> String? {
    take(count).flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// Text up to a line feed, which is consumed.
  package mutating func line() -> String? {
    guard let end = bytes[offset...].firstIndex(of: 0x0A), let text = text(end - offset) else { return nil }
    offset += 1
    return text
  }
}
