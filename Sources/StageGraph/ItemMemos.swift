// What spares the caller finding an item's state again: bytes of its own making beside the state, loaded whole.

import Basics

/// The memos of all items, by key.
package struct ItemMemos: Sendable {
  private var values = BytesByKey()

  package init() {}

  mutating func add(key: UnsafeRawBufferPointer, memo: UnsafeRawBufferPointer) { values.add(key: key, value: memo) }
  mutating func buildIndex() { values.buildIndex() }

  package var count: Int { values.count }

  /// The position of an item.
  package func find(_ key: String) -> Int? { values.find(key) }

  package func key(at position: Int) -> String { String(decoding: values.key(at: position), as: UTF8.self) }

  /// As it was kept; empty where nothing was. Valid as long as this is.
  package func memo(at position: Int) -> UnsafeRawBufferPointer { values.value(at: position) }
}
