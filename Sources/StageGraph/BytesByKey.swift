// A table of values by key, both raw bytes, loaded from the database: entries in pages, found by key. A dictionary of
// strings and arrays would take three times the memory and time in a build with little to do.

import Basics

/// Values by key. Immutable once its index is built; any thread can then read it.
struct BytesByKey: @unchecked Sendable {
  private static let pageSize = 1 << 20

  private struct Entry {
    var start: UnsafeRawPointer
    var keyCount: Int32
    var valueCount: Int32
  }

  private var pages: [BytePage] = []
  private var entries: [Entry] = []
  private var index = ActionIndex(stages: [], capacity: 0)

  var count: Int { entries.count }

  /// Keys must be unique; keys and values must be smaller than 2 GiB.
  mutating func add(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let count = key.count + value.count
    if pages.last.map({ $0.capacity - $0.used < count }) ?? true {
      pages.append(BytePage(capacity: max(Self.pageSize, count)))
    }
    guard let page = pages.last else { return }
    entries.append(Entry(start: page.base + page.used, keyCount: Int32(key.count), valueCount: Int32(value.count)))
    page.append(key)
    page.append(value)
  }

  mutating func buildIndex() {
    index = ActionIndex(stages: [], capacity: entries.count)
    for position in entries.indices { index.insert(checksum(key(at: position)), position) }
  }

  /// The position of a key.
  func find(_ key: String) -> Int? {
    withBytes(key) { key in index.find(checksum(key)) { sameBytes(self.key(at: $0), key) } }
  }

  /// The key at a position; valid as long as this table.
  func key(at position: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: entries[position].start, count: Int(entries[position].keyCount))
  }

  /// The value at a position; valid as long as this table.
  func value(at position: Int) -> UnsafeRawBufferPointer {
    let entry = entries[position]
    return UnsafeRawBufferPointer(start: entry.start + Int(entry.keyCount), count: Int(entry.valueCount))
  }
}
