import Glibc

/// Compares two strings by bytes, the order of everything that is written. Swift's own order goes by Unicode's
/// canonical forms.
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
  // Native strings are contiguous; only a bridged string would not be.
  text.utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
    ?? Array(text.utf8).withUnsafeBytes(body)
}

/// A text that is equal to another if their bytes are, like names in files and tars. Swift's own strings are equal if
/// they look the same: `é` may be one character, or an `e` with an accent.
package struct ByteKey: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  package static func == (a: ByteKey, b: ByteKey) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  package func hash(into hasher: inout Hasher) {
    withUTF8Bytes(text) { hasher.combine(bytes: $0) }
  }
}
