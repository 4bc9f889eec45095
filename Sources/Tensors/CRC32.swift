/// The checksum of zip files (polynomial 0xEDB88320), computed eight bytes at a time.
enum CRC32 {
  /// tables[k][b]: the effect of byte b followed by k zero bytes.
  private static let tables: [[UInt32]] = {
    var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
    for b in 0..<256 {
      var c = UInt32(b)
      for _ in 0..<8 { c = c & 1 == 1 ? 0xEDB8_8320 ^ (c >> 1) : c >> 1 }
      tables[0][b] = c
    }
    for k in 1..<8 {
      for b in 0..<256 {
        let previous = tables[k - 1][b]
        tables[k][b] = tables[0][Int(previous & 255)] ^ (previous >> 8)
      }
    }
    return tables
  }()

  private static let flat = tables.flatMap { $0 }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    flat.withUnsafeBufferPointer { t in
      var c: UInt32 = 0xFFFF_FFFF
      var i = 0
      while bytes.count - i >= 8 {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)) ^ UInt64(c)
        var next: UInt32 = 0
        for k in 0..<8 { next ^= t[(7 - k) << 8 | Int(word >> (UInt64(k) * 8) & 255)] }
        c = next
        i += 8
      }
      while i < bytes.count {
        c = t[Int((c ^ UInt32(bytes[i])) & 255)] ^ (c >> 8)
        i += 1
      }
      return ~c
    }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }
}
