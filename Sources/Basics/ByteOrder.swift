import Glibc

/// Byte order of two strings, the order of everything that is written. Swift's own goes by Unicode's canonical forms.
package func precedesInBytes(_ a: String, _ b: String) -> Bool {
  withUTF8Bytes(a) { a in
    withUTF8Bytes(b) { b in
      let common = min(a.count, b.count)
      guard common > 0, let first = a.baseAddress, let second = b.baseAddress else { return a.count < b.count }
      let order = memcmp(first, second, common)
      return order != 0 ? order < 0 : a.count < b.count
    }
  }
}

@inline(__always)
private func withUTF8Bytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
  // Native strings lie in one piece; only a bridged one would not.
  text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
    ?? Array(text.utf8).withUnsafeBytes(body)
}
