// Names and digests as raw bytes. Swift's own string order and equality go by Unicode's canonical forms; file names, and so
// the subjects of actions, are bytes. All of this lies on the path of a build that finds nothing to do.

import Basics
import Glibc

/// Whether two strings are the same bytes.
func sameBytes(_ a: String, _ b: String) -> Bool { withBytes(a) { a in withBytes(b) { b in sameBytes(a, b) } } }

func sameBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard a.count == b.count else { return false }
  guard let first = a.baseAddress, let second = b.baseAddress else { return true }
  return memcmp(first, second, a.count) == 0
}

/// Byte order.
func precedesInBytes(_ a: String, _ b: String) -> Bool {
  withBytes(a) { a in
    withBytes(b) { b in
      let common = min(a.count, b.count)
      guard common > 0, let first = a.baseAddress, let second = b.baseAddress else { return a.count < b.count }
      let order = memcmp(first, second, common)
      return order != 0 ? order < 0 : a.count < b.count
    }
  }
}

func hashOfBytes(_ text: String) -> UInt64 { withBytes(text) { checksum($0) } }

@inline(__always)
func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
  // Native strings lie in one piece; only a bridged one would not.
  text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
    ?? Array(text.utf8).withUnsafeBytes(body)
}

extension Digest {
  /// The digest whose 32 bytes lie at `address`. `Digest` is four big-endian words and nothing else (a test holds this);
  /// its initialiser from a collection costs two allocations, too many for a million records.
  init(at address: UnsafeRawPointer) {
    func word(_ k: Int) -> UInt64 { UInt64(bigEndian: address.loadUnaligned(fromByteOffset: 8 * k, as: UInt64.self)) }
    self = unsafeBitCast((word(0), word(1), word(2), word(3)), to: Digest.self)
  }

  func append(to bytes: inout [UInt8]) {
    let words = unsafeBitCast(self, to: (UInt64, UInt64, UInt64, UInt64).self)
    for word in [words.0, words.1, words.2, words.3] { bytes.append(integer: word.bigEndian) }
  }
}

extension [UInt8] {
  /// The value's bytes as they lie in memory: pass `.littleEndian` or `.bigEndian`.
  mutating func append(integer: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: integer) { append(contentsOf: $0) }
  }
}
