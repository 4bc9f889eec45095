// The loaded table of cached file digests, found by path.
//
// Entry (little-endian): u64 size, i64 modified, u64 inode, u64 device, 32 digest, path.

import Basics

/// Digests of files by path and identity. Immutable once its index is built; any thread can then read it.
struct FileTable: Sendable {
  private static let headSize = 64

  private var heads = BytesByKey()

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

  /// Skips an entry that is too short: its file is hashed again.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.headSize else { return }
    heads.add(
      key: UnsafeRawBufferPointer(rebasing: bytes[Self.headSize...]),
      value: UnsafeRawBufferPointer(rebasing: bytes[..<Self.headSize]))
  }

  mutating func buildIndex() { heads.buildIndex() }

  /// The digest stored for the file, if its identity is unchanged.
  func digest(_ path: String, _ file: FileIdentity) -> Digest? {
    guard let position = heads.find(path), let base = heads.value(at: position).baseAddress else { return nil }
    func word(_ k: Int) -> UInt64 { UInt64(littleEndian: base.loadUnaligned(fromByteOffset: 8 * k, as: UInt64.self)) }
    guard word(0) == UInt64(file.size), word(1) == UInt64(bitPattern: file.modified), word(2) == file.inode,
      word(3) == file.device
    else { return nil }
    return Digest(at: base + 32)
  }
}
