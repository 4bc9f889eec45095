// Reads zip files with stored entries (PyTorch checkpoints, np.savez) through the central directory, including zip64.
// Every offset and every CRC is checked. Compressed entries are listed but not read here: weights do not compress, and
// compressed entries may be zip bombs. Code that reads teacher embeddings from them inflates them with a size limit.

import Basics

package struct StoredZipReader {
  package struct Entry: Sendable, Equatable {
    package let name: String
    /// 0 stored, 8 deflate.
    package let method: UInt16
    package let checksum: UInt32
    /// The size of its content, as stated in the directory.
    package let size: Int
    /// The range of its bytes in the archive, compressed or not.
    package let range: Range<Int>
    /// The offset of its directory entry, for `entry(at:)`.
    package let place: Int
  }

  private let bytes: UnsafeRawBufferPointer
  private let source: String
  /// In directory order.
  package let entries: [Entry]
  private let byName: [String: Int]

  private static let mostEntries = 1 << 20

  /// - Throws: `zip.…` with the reason.
  package init(_ bytes: UnsafeRawBufferPointer, source: String) throws {
    (self.bytes, self.source) = (bytes, source)
    let closing = try Self.closing(bytes, source)
    var reader = ByteReader(bytes, at: closing.offset)
    var entries: [Entry] = []
    for _ in 0..<closing.count { entries.append(try Self.entry(&reader, bytes, source)) }
    var byName: [String: Int] = [:]
    for (i, entry) in entries.enumerated() {
      guard byName.updateValue(i, forKey: entry.name) == nil else { throw Failure.zip(.duplicate(entry.name), source) }
    }
    (self.entries, self.byName) = (entries, byName)
  }

  /// The bytes of an entry, checked against its CRC; nil if there is no entry of this name.
  func data(_ name: String) throws -> UnsafeRawBufferPointer? {
    try byName[name].map { try Self.data(of: entries[$0], in: bytes, source: source) }
  }

  /// The bytes of a stored entry, checked against its CRC.
  package static func data(
    of entry: Entry, in bytes: UnsafeRawBufferPointer, source: String
  ) throws -> UnsafeRawBufferPointer {
    guard entry.method == 0 else { throw Failure.zip(.compressed(entry.name, method: entry.method), source) }
    let data = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
    guard CRC32.of(data) == entry.checksum else { throw Failure.zip(.checksum(entry.name), source) }
    return data
  }

  /// Reads one entry again, without reading the others.
  package static func entry(at place: Int, of bytes: UnsafeRawBufferPointer, source: String) throws -> Entry {
    var reader = ByteReader(bytes, at: place)
    return try entry(&reader, bytes, source)
  }

  /// The offset of the directory and its number of entries, from the record at the end (or from the zip64 record, if
  /// that one overflows).
  private static func closing(_ bytes: UnsafeRawBufferPointer, _ source: String) throws -> (offset: Int, count: Int) {
    var at = bytes.count - 22
    let first = max(0, bytes.count - 22 - 0xFFFF)
    while at >= first, !bytes[at..<at + 4].elementsEqual([0x50, 0x4B, 5, 6]) { at -= 1 }
    guard at >= first else { throw Failure.zip(.notZip, source) }
    var reader = ByteReader(bytes, at: at + 8)
    guard reader.integer(UInt16.self) != nil, let count = reader.integer(UInt16.self),
      reader.integer(UInt32.self) != nil, let offset = reader.integer(UInt32.self)
    else { throw Failure.zip(.notZip, source) }
    var (start, entries) = (UInt64(offset), UInt64(count))
    if count == 0xFFFF || offset == 0xFFFF_FFFF, let wide = zip64Closing(bytes, before: at) { (start, entries) = wide }
    guard start <= UInt64(at), entries <= UInt64(mostEntries), entries * 46 <= UInt64(at) - start else {
      throw Failure.zip(.directory("\(entries) entries at \(start)"), source)
    }
    return (Int(start), Int(entries))
  }

  private static func zip64Closing(_ bytes: UnsafeRawBufferPointer, before at: Int) -> (UInt64, UInt64)? {
    guard at >= 20 else { return nil }
    var locator = ByteReader(bytes, at: at - 20)
    guard locator.integer(UInt32.self) == 0x0706_4B50, locator.integer(UInt32.self) != nil,
      let position = locator.integer(UInt64.self), position <= UInt64(at)
    else { return nil }
    var record = ByteReader(bytes, at: Int(position))
    guard record.integer(UInt32.self) == 0x0606_4B50, record.take(28) != nil, let count = record.integer(UInt64.self),
      record.integer(UInt64.self) != nil, let offset = record.integer(UInt64.self)
    else { return nil }
    return (offset, count)
  }

  private static func entry(
    _ reader: inout ByteReader, _ bytes: UnsafeRawBufferPointer, _ source: String
  ) throws -> Entry {
    let at = reader.offset
    guard reader.integer(UInt32.self) == 0x0201_4B50, reader.take(4) != nil,
      let flags = reader.integer(UInt16.self), let method = reader.integer(UInt16.self), reader.take(4) != nil,
      let checksum = reader.integer(UInt32.self), let packed = reader.integer(UInt32.self),
      let plain = reader.integer(UInt32.self), let nameLength = reader.integer(UInt16.self),
      let extraLength = reader.integer(UInt16.self), let commentLength = reader.integer(UInt16.self),
      reader.take(8) != nil, let offset = reader.integer(UInt32.self), let name = reader.text(Int(nameLength)),
      let extra = reader.take(Int(extraLength)), reader.take(Int(commentLength)) != nil
    else { throw Failure.zip(.directory("no valid entry at \(at)"), source) }
    var sizes = [UInt64(plain), UInt64(packed), UInt64(offset)]
    guard widen(&sizes, from: extra) else { throw Failure.zip(.entry(name, "its zip64 field is cut off"), source) }
    guard flags & 1 == 0 else { throw Failure.zip(.entry(name, "it is encrypted"), source) }
    guard method != 0 || sizes[0] == sizes[1] else {
      throw Failure.zip(.entry(name, "stored, yet its two sizes differ"), source)
    }
    guard let start = dataOffset(bytes, header: sizes[2]), sizes[1] <= UInt64(bytes.count - start),
      let size = Int(exactly: sizes[0])
    else { throw Failure.zip(.entry(name, "its data lies outside the file"), source) }
    return Entry(
      name: name, method: method, checksum: checksum, size: size, range: start..<start + Int(sizes[1]), place: at)
  }

  /// Values that are all ones are stored in the zip64 extra field, in order. False if the field ends too early.
  private static func widen(_ sizes: inout [UInt64], from extra: UnsafeRawBufferPointer) -> Bool {
    guard sizes.contains(0xFFFF_FFFF) else { return true }
    var reader = ByteReader(extra)
    while let tag = reader.integer(UInt16.self), let length = reader.integer(UInt16.self),
      let body = reader.take(Int(length))
    {
      guard tag == 1 else { continue }
      var field = ByteReader(body)
      for i in sizes.indices where sizes[i] == 0xFFFF_FFFF {
        guard let value = field.integer(UInt64.self) else { return false }
        sizes[i] = value
      }
      return true
    }
    return false
  }

  private static func dataOffset(_ bytes: UnsafeRawBufferPointer, header: UInt64) -> Int? {
    guard header <= UInt64(bytes.count) else { return nil }
    var reader = ByteReader(bytes, at: Int(header))
    guard reader.integer(UInt32.self) == 0x0403_4B50, reader.take(22) != nil,
      let nameLength = reader.integer(UInt16.self), let extraLength = reader.integer(UInt16.self),
      reader.take(Int(nameLength)) != nil, reader.take(Int(extraLength)) != nil
    else { return nil }
    return reader.offset
  }
}
