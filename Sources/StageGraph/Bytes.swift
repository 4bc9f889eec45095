// Names and digests as raw bytes. Swift compares strings by Unicode's canonical forms, but file names, and so the
// subjects of actions, are bytes. A build with nothing to do uses all of this code, so it must be fast.

import Basics
import Glibc

/// Whether two strings have the same bytes.
func sameBytes(_ a: String, _ b: String) -> Bool { withBytes(a) { a in withBytes(b) { b in sameBytes(a, b) } } }

func sameBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard a.count == b.count else { return false }
  guard let first = a.baseAddress, let second = b.baseAddress else { return true }
  return memcmp(first, second, a.count) == 0
}

func hashOfBytes(_ text: String) -> UInt64 { withBytes(text) { checksum($0) } }

@inline(__always)
func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
  // Native strings are contiguous; only a bridged string would not be.
  text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
    ?? Array(text.utf8).withUnsafeBytes(body)
}

extension [UInt8] {
  /// Appends the value's bytes as they are in memory: pass `.littleEndian` or `.bigEndian`.
  mutating func append(integer: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: integer) { append(contentsOf: $0) }
  }
}
