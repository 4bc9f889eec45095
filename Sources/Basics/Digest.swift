import CSystem

/// A SHA-256 value: the address of stored bytes, or the fingerprint of work.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// The digest of `bytes`.
  package init(of bytes: UnsafeRawBufferPointer) {
    self = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { digest in
      guard let start = digest.baseAddress else { preconditionFailure("no room for 32 bytes") }
      system_sha256(bytes.baseAddress, bytes.count, start)
      return Digest(at: start)
    }
  }

  package init(of bytes: [UInt8]) { self = bytes.withUnsafeBytes { Digest(of: $0) } }

  package init(of text: String) {
    var text = text
    self = text.withUTF8 { Digest(of: UnsafeRawBufferPointer($0)) }
  }

  /// Nil unless there are exactly 32 bytes.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    var w: [UInt64] = [0, 0, 0, 0]
    for (i, byte) in bytes.enumerated() { w[i / 8] = w[i / 8] << 8 | UInt64(byte) }
    words = (w[0], w[1], w[2], w[3])
  }

  /// Nil unless there are exactly 64 lower-case hexadecimal digits.
  package init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes = [UInt8]()
    for i in stride(from: 0, to: 64, by: 2) {
      guard let high = Self.value(digits[i]), let low = Self.value(digits[i + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    self.init(bytes: bytes)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }

  /// The digest from the 32 bytes at `address`: like the initializer from a collection, but without its allocations.
  package init(at address: UnsafeRawPointer) {
    func word(_ k: Int) -> UInt64 { UInt64(bigEndian: address.loadUnaligned(fromByteOffset: 8 * k, as: UInt64.self)) }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Appends the 32 bytes.
  package func append(to bytes: inout [UInt8]) {
    withUnsafeBytes(of: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)) {
      bytes.append(contentsOf: $0)
    }
  }

  package var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
    }
  }

  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The first 12 digits, for display.
  package var short: String { String(hex.prefix(12)) }

  /// The first 64 bits, which are uniformly distributed: splits and shard boundaries rely on this.
  package var prefix64: UInt64 { words.0 }

  package var description: String { hex }

  package static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
  package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
  package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Digest(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a SHA-256 value")
    }
    self = value
  }
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}

/// SHA-256 over bytes that arrive in pieces.
package struct DigestBuilder: ~Copyable {
  private let context: UnsafeMutableRawPointer

  package init() {
    guard let context = system_sha256_begin() else { preconditionFailure("libcrypto offers no SHA-256") }
    self.context = context
  }

  package func update(_ bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress { system_sha256_update(context, start, bytes.count) }
  }

  package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// Adds text preceded by its length, so that adjacent fields cannot run together.
  package func update(field text: String) {
    update(Array("\(text.utf8.count):".utf8))
    update(Array(text.utf8))
  }

  deinit { _ = Self.end(context) }

  package consuming func finish() -> Digest {
    let digest = Self.end(context)
    discard self
    return digest
  }

  private static func end(_ context: UnsafeMutableRawPointer) -> Digest {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { bytes in
      guard let start = bytes.baseAddress else { preconditionFailure("no room for 32 bytes") }
      system_sha256_end(context, start)
      return Digest(at: start)
    }
  }
}

extension Digest {
  /// The digest of a whole file, read in pieces of 1 MiB.
  /// - Throws: `Failure` if it cannot be read.
  package static func ofFile(_ path: String) throws -> Digest {
    let file = try InputFile(path)
    let hasher = DigestBuilder()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
      if count == 0 { return hasher.finish() }
      buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}

extension Digest {
  /// The digest of a range of a file, which must contain the whole range.
  package static func ofFile(_ path: String, bytes range: Range<Int>) throws -> Digest {
    let file = try InputFile(path)
    let hasher = DigestBuilder()
    var at = range.lowerBound
    while at < range.upperBound {
      let part = try file.read(at: at, count: min(1 << 20, range.upperBound - at))
      part.withUnsafeBytes { hasher.update($0) }
      at += part.count
    }
    return hasher.finish()
  }
}

/// XXH3 of some bytes: a fast check that a record is intact, never an address.
package func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 { system_xxh3(bytes.baseAddress, bytes.count) }
