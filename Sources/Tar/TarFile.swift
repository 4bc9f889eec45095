// The members of an uncompressed tar: names, offsets and sizes, read with libarchive (USTAR, PAX, GNU long names).
// Nothing is unpacked; members are read in place.

import Basics
import CArchive

package struct TarMember: Sendable, Equatable {
  package let name: String
  /// The offset of its data in the file.
  package let offset: Int
  package let size: Int
}

package enum TarFile {
  private static let regularFile: UInt32 = 0o100000
  private static let typeMask: UInt32 = 0o170000

  /// Every regular file, in tar order. A tar without a proper end is rejected as a whole, since there is no way to tell
  /// what it lost.
  /// - Throws: `tar.…` with the offset, if it is truncated, damaged or compressed, or lacks its end.
  package static func members(_ path: String) throws -> [TarMember] {
    var members: [TarMember] = []
    try list(path, into: &members)
    return members
  }

  /// Every regular file before the first damage, and the damage; nil if the tar is intact.
  /// - Throws: `Failure` for a file that cannot be opened.
  package static func membersBeforeDamage(_ path: String) throws -> (members: [TarMember], damage: Failure?) {
    var members: [TarMember] = []
    do { try list(path, into: &members) } catch let failure as Failure where failure.code.hasPrefix("tar.") {
      return (members, failure)
    }
    return (members, nil)
  }

  private static func list(_ path: String, into members: inout [TarMember]) throws {
    let file = try InputFile(path)
    let size = try file.size
    guard let archive = archive_read_new() else { throw Failure.tar(.memory, path) }
    defer { archive_read_free(archive) }
    archive_read_support_format_tar(archive)
    guard archive_read_open_fd(archive, file.descriptor, 1 << 16) == ARCHIVE_OK else {
      throw Failure.tar(.damaged(at: 0, reason(archive)), path)
    }
    var end = 0
    while true {
      var entry: OpaquePointer?
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { break }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else {
        throw Failure.tar(.damaged(at: end, reason(archive)), path)
      }
      guard let name = name(of: entry) else { throw Failure.tar(.name(at: end), path) }
      let (offset, length) = (Int(archive_filter_bytes(archive, 0)), Int(archive_entry_size(entry)))
      guard length >= 0, offset >= end, offset <= size, length <= size - offset else {
        throw Failure.tar(.truncated(name, at: offset, needs: length, has: max(0, size - offset)), path)
      }
      guard archive_entry_sparse_count(entry) == 0 else { throw Failure.tar(.sparse(name), path) }
      end = offset + (length + 511) / 512 * 512
      if UInt32(archive_entry_filetype(entry)) & typeMask == regularFile, archive_entry_hardlink(entry) == nil {
        members.append(TarMember(name: name, offset: offset, size: length))
      }
    }
    try checkEnd(file, path, at: end, size: size)
  }

  /// Checks that two blocks of zeros follow the last member, and only zeros up to the end of the file.
  private static func checkEnd(_ file: borrowing InputFile, _ path: String, at end: Int, size: Int) throws {
    guard size - end >= 1024 else { throw Failure.tar(.noEnd(at: end, size: size), path) }
    var at = end
    while at < size {
      let part = try file.read(at: at, count: min(1 << 16, size - at))
      if let k = part.firstIndex(where: { $0 != 0 }) { throw Failure.tar(.trailing(at: at + k), path) }
      at += part.count
    }
  }

  private static func name(of entry: OpaquePointer) -> String? {
    if let text = archive_entry_pathname_utf8(entry) { return String(validatingCString: text) }
    return archive_entry_pathname(entry).flatMap { String(validatingCString: $0) }
  }

  private static func reason(_ archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
  }
}
