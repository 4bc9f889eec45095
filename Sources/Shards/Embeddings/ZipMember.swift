// One member of a zip as written by np.savez and np.savez_compressed: stored or deflated. libarchive inflates it; the
// size of the result is limited beforehand, so that a small file cannot fill the memory.

import Basics
import CArchive
import Tensors

enum ZipMember {
  /// More than any clip's embeddings: an hour at 30 rows a second, 1,024 float64 wide, is 0.9 GB.
  static let largest = 1 << 30
  /// Deflate compresses at most 1 : 1,032.
  private static let steepest = 1_040
  private static let deflate: UInt16 = 8

  /// The bytes of a member whose directory entry is at `place`, checked against its size and CRC.
  /// - Throws: `zip.…` with the reason.
  static func bytes(of path: String, at place: Int) throws -> [UInt8] {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    let entry = try StoredZipReader.entry(at: place, of: file.bytes, source: path)
    guard entry.size <= largest else { throw Failure.zipLarge(path, entry.name, entry.size, limit: largest) }
    if entry.method == 0 { return Array(try StoredZipReader.data(of: entry, in: file.bytes, source: path)) }
    guard entry.method == deflate else { throw Failure.zipMethod(path, entry.name, entry.method) }
    guard entry.size / steepest <= entry.range.count else {
      throw Failure.zipDamaged(path, entry.name, "\(entry.range.count) bytes cannot hold \(entry.size)")
    }
    var alone = header(entry)
    alone.append(contentsOf: file.bytes[entry.range])
    return try inflate(alone, entry, path)
  }

  /// Builds our own local header, so that the writers' header (sizes of all ones, unusual names) does not matter.
  private static func header(_ entry: StoredZipReader.Entry) -> [UInt8] {
    var header = ByteWriter([0x50, 0x4B, 3, 4, 20, 0, 0, 0])
    header.write(entry.method)
    header.write([0, 0, 0x21, 0])
    header.write(entry.checksum)
    header.write(UInt32(truncatingIfNeeded: entry.range.count))
    header.write(UInt32(truncatingIfNeeded: entry.size))
    header.write([1, 0, 0, 0, UInt8(ascii: "m")])
    return header.bytes
  }

  private static func inflate(_ archive: [UInt8], _ entry: StoredZipReader.Entry, _ path: String) throws -> [UInt8] {
    guard let reader = archive_read_new() else {
      throw Failure.zipDamaged(path, entry.name, "no memory for libarchive")
    }
    defer { archive_read_free(reader) }
    archive_read_support_format_zip_streamable(reader)
    func problem() -> Failure {
      let reason = archive_error_string(reader).map { String(cString: $0) } ?? "no reason given"
      return Failure.zipDamaged(path, entry.name, reason)
    }
    return try archive.withUnsafeBytes { bytes in
      guard archive_read_open_memory(reader, bytes.baseAddress, bytes.count) == ARCHIVE_OK else { throw problem() }
      var header: OpaquePointer?
      guard archive_read_next_header(reader, &header) == ARCHIVE_OK else { throw problem() }
      // Reading one byte more than stated shows whether the size is right; the CRC is compared at the end.
      var data = [UInt8](repeating: 0, count: entry.size + 1)
      var filled = 0
      while filled < data.count {
        let count = data.withUnsafeMutableBytes {
          let rest = UnsafeMutableRawBufferPointer(rebasing: $0[filled...])
          return archive_read_data(reader, rest.baseAddress, rest.count)
        }
        guard count >= 0 else { throw problem() }
        if count == 0 { break }
        filled += count
      }
      guard filled == entry.size else {
        throw Failure.zipDamaged(path, entry.name, "\(filled) bytes inflated, \(entry.size) promised")
      }
      data.removeLast()
      return data
    }
  }
}
