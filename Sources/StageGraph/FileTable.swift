// What the file memo knows, as it was loaded: entries in pages, found by path.
//
// Entry (little-endian): u64 size, i64 modified, u64 inode, u64 device, 32 digest, path.

import Basics

/// Digests of files by path and identity. Immutable once its index is built; then any thread asks.
struct FileTable: @unchecked Sendable {
  private static let headSize = 64
  private static let pageSize = 1 << 20

  private var pages: [BytePage] = []
  private var entries: [UnsafeRawBufferPointer] = []
  private var index = ActionIndex(stages: [], capacity: 0)

  static func entry(_ path: String, _ file: FileIdentity, _ digest: Digest) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words(file) { bytes.append(integer: word.littleEndian) }
    digest.append(to: &bytes)
    bytes.append(contentsOf: path.utf8)
    return bytes
  }

  private static func words(_ file: FileIdentity) -> [UInt64] {
    [UInt64(file.size), UInt64(bitPattern: file.modified), file.inode, file.device]
  }

  /// An entry that is too short to be one is passed over: its file is hashed again.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.headSize else { return }
    if pages.last.map({ $0.capacity - $0.used < bytes.count }) ?? true {
      pages.append(BytePage(capacity: max(Self.pageSize, bytes.count)))
    }
    guard let page = pages.last else { return }
    entries.append(UnsafeRawBufferPointer(start: page.base + page.used, count: bytes.count))
    page.append(bytes)
  }

  mutating func buildIndex() {
    index = ActionIndex(stages: [], capacity: entries.count)
    for (position, entry) in entries.enumerated() { index.insert(checksum(Self.path(entry)), position) }
  }

  /// The digest that the file had, if it is the same file still.
  func digest(_ path: String, _ file: FileIdentity) -> Digest? {
    let position = withBytes(path) { path in index.find(checksum(path)) { sameBytes(Self.path(entries[$0]), path) } }
    guard let position, let base = entries[position].baseAddress else { return nil }
    func word(_ k: Int) -> UInt64 { UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8 * k, as: UInt64.self)) }
    guard word(0) == UInt64(file.size), word(1) == UInt64(bitPattern: file.modified), word(2) == file.inode,
      word(3) == file.device
    else { return nil }
    return Digest(at: base + 32)
  }

  private static func path(_ entry: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: entry[headSize...])
  }
}
