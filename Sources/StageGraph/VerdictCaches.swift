// Cached data beside the verdicts, in the caller's own format, loaded as a whole. It lets the caller avoid computing a
// verdict again.

import Basics

/// The cached bytes of all verdicts, by key.
package struct VerdictCaches: Sendable {
  private var values = BytesByKey()

  package init() {}

  mutating func add(key: UnsafeRawBufferPointer, cache: UnsafeRawBufferPointer) { values.add(key: key, value: cache) }
  mutating func buildIndex() { values.buildIndex() }

  package var count: Int { values.count }

  /// The position of a verdict.
  package func find(_ key: String) -> Int? { values.find(key) }

  package func key(at position: Int) -> String { String(decoding: values.key(at: position), as: UTF8.self) }

  /// The stored bytes; empty if nothing was stored. Valid as long as this table.
  package func cache(at position: Int) -> UnsafeRawBufferPointer { values.value(at: position) }
}
