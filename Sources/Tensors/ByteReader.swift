/// A cursor over bytes from outside. Every step is checked; nil means that they end before it.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = max(0, min(offset, bytes.count))
  }

  var remaining: Int { bytes.count - offset }

  mutating func byte() -> UInt8? {
    guard offset < bytes.count else { return nil }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// A little-endian integer.
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
    let width = MemoryLayout<T>.size
    guard remaining >= width else { return nil }
    defer { offset += width }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, count <= remaining else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// UTF-8 text of `count` bytes; nil also when it is not UTF-8.
  mutating func text(_ count: Int) -> String? { take(count).flatMap { String(validating: $0, as: UTF8.self) } }

  /// Text up to a line feed, which is consumed.
  mutating func line() -> String? {
    var length = 0
    while offset + length < bytes.count, bytes[offset + length] != 0x0A { length += 1 }
    guard offset + length < bytes.count, let text = text(length) else { return nil }
    offset += 1
    return text
  }
}

extension [UInt8] {
  mutating func append<T: FixedWidthInteger>(little value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
