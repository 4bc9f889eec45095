/// Base64 of RFC 4648, for images and audio inside the page.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var i = 0
    while i < bytes.count {
      let rest = bytes.count - i
      let word =
        UInt32(bytes[i]) << 16 | (rest > 1 ? UInt32(bytes[i + 1]) << 8 : 0) | (rest > 2 ? UInt32(bytes[i + 2]) : 0)
      result.append(digits[Int(word >> 18 & 63)])
      result.append(digits[Int(word >> 12 & 63)])
      result.append(rest > 1 ? digits[Int(word >> 6 & 63)] : 0x3D)
      result.append(rest > 2 ? digits[Int(word & 63)] : 0x3D)
      i += 3
    }
    return String(decoding: result, as: UTF8.self)
  }
}
