// Writes a zip with stored entries whose data start at multiples of 64, as PyTorch expects: an extra field pads each
// local header. libarchive, which writes the other archives of this project, cannot align data. Dates are fixed, so
// that the same entries give the same bytes.

import Basics

struct StoredZipWriter {
  private struct Entry {
    let name: [UInt8]
    let checksum: UInt32
    let size: UInt32
    let offset: UInt32
  }

  private static let alignment = 64
  /// The extra field for padding, filled with `Z`, as PyTorch writes it.
  private static let paddingField: UInt16 = 0x4246
  /// Without this flag, readers assume that names are in a DOS encoding.
  private static let nameIsUTF8: UInt16 = 1 << 11
  /// 1980-01-01, 00:00.
  private static let date: UInt16 = 0x0021
  private static let time: UInt16 = 0

  private let write: ([UInt8]) throws -> Void
  private var entries: [Entry] = []
  private var offset = 0

  /// `write` receives the archive in pieces.
  init(_ write: @escaping ([UInt8]) throws -> Void) { self.write = write }

  /// - Throws: `zip.large` if the archive exceeds 4 GiB, and what `write` throws.
  mutating func add(_ name: String, _ data: [UInt8]) throws {
    let name = Array(name.utf8)
    let (start, size) = (try Self.narrow(offset), try Self.narrow(data.count))
    guard let nameLength = UInt16(exactly: name.count) else { throw Failure.zip(.large(name.count), "entry name") }
    let entry = Entry(name: name, checksum: CRC32.of(data), size: size, offset: start)
    let padding = (Self.alignment - (offset + 30 + name.count + 4) % Self.alignment) % Self.alignment
    var header = ByteWriter()
    header.write(UInt32(0x0403_4B50))
    Self.common(entry, into: &header)
    header.write(nameLength)
    header.write(UInt16(4 + padding))
    header.write(name)
    header.write(Self.paddingField)
    header.write(UInt16(padding))
    header.write(repeatElement(UInt8(ascii: "Z"), count: padding))
    try write(header.bytes)
    try write(data)
    offset += header.count + data.count
    entries.append(entry)
  }

  /// Writes the central directory and the closing record.
  func finish() throws {
    var directory = ByteWriter()
    for entry in entries {
      directory.write(UInt32(0x0201_4B50))
      directory.write(UInt16(20))
      Self.common(entry, into: &directory)
      directory.write(UInt16(entry.name.count))
      for _ in 0..<4 { directory.write(UInt16(0)) }  // extra field, comment, disk, internal attributes
      directory.write(UInt32(0))
      directory.write(entry.offset)
      directory.write(entry.name)
    }
    guard let count = UInt16(exactly: entries.count) else { throw Failure.zip(.large(entries.count), "entries") }
    let (start, size) = (try Self.narrow(offset), try Self.narrow(directory.count))
    directory.write(UInt32(0x0605_4B50))
    directory.write(UInt32(0))
    directory.write(count)
    directory.write(count)
    directory.write(size)
    directory.write(start)
    directory.write(UInt16(0))
    try write(directory.bytes)
  }

  /// The common fields of local and central headers: version, flags, method, time, date, CRC, both sizes.
  private static func common(_ entry: Entry, into header: inout ByteWriter) {
    header.write(UInt16(20))
    header.write(entry.name.allSatisfy { $0 < 0x80 } ? UInt16(0) : nameIsUTF8)
    header.write(UInt16(0))
    header.write(time)
    header.write(date)
    header.write(entry.checksum)
    header.write(entry.size)
    header.write(entry.size)
  }

  private static func narrow(_ value: Int) throws -> UInt32 {
    guard value < 0xFFFF_FFFF else { throw Failure.zip(.large(value), "archive") }
    return UInt32(value)
  }
}
