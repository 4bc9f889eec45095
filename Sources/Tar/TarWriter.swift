// Writes a plain USTAR through libarchive. Its bytes depend only on names and contents: no time, no owner, mode 0444,
// padded to 10,240 bytes like Python's tarfile.

import Basics
import CArchive

package final class TarWriter {
  /// The longest member name that fits the name field alone; readers that map shards support no other names.
  package static let longestName = 100
  private static let blockSize: Int32 = 10_240

  /// Receives the bytes from libarchive's callback. An error is stored and thrown from Swift.
  private final class Sink {
    let file: OutputFile
    var digest: DigestBuilder? = DigestBuilder()
    var failure: (any Error)?
    init(_ file: OutputFile) { self.file = file }

    func take(_ bytes: UnsafeRawBufferPointer) -> Int {
      do {
        try file.write(raw: bytes)
        digest?.update(bytes)
        return bytes.count
      } catch {
        failure = error
        return -1
      }
    }
  }

  private let sink: Sink
  private let archive: OpaquePointer
  private let entry: OpaquePointer
  private var position = 0

  package init(_ path: String) throws {
    sink = Sink(try OutputFile(path))
    guard let archive = archive_write_new() else { throw Failure.tar(.memory, path) }
    guard let entry = archive_entry_new() else {
      archive_write_free(archive)
      throw Failure.tar(.memory, path)
    }
    (self.archive, self.entry) = (archive, entry)
    archive_write_set_format_ustar(archive)
    archive_write_add_filter_none(archive)
    archive_write_set_bytes_per_block(archive, Self.blockSize)
    archive_write_set_bytes_in_last_block(archive, Self.blockSize)
    let context = Unmanaged.passUnretained(sink).toOpaque()
    let status = archive_write_open(
      archive, context, nil,
      { _, context, bytes, count in
        guard let context else { return -1 }
        let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
        return sink.take(UnsafeRawBufferPointer(start: bytes, count: count))
      }, nil)
    try check(status)
  }

  deinit {
    archive_entry_free(entry)
    archive_write_free(archive)
  }

  /// Adds a file and returns the offset of its data.
  /// - Throws: `tar.longname`, or what writing throws.
  package func add(_ name: String, _ data: [UInt8]) throws -> Int {
    guard name.utf8.count <= Self.longestName else { throw Failure.tar(.longName(name), sink.file.path) }
    archive_entry_clear(entry)
    archive_entry_set_pathname(entry, name)
    archive_entry_set_size(entry, la_int64_t(data.count))
    archive_entry_set_filetype(entry, 0o100000)
    archive_entry_set_perm(entry, 0o444)
    archive_entry_set_mtime(entry, 0, 0)
    archive_entry_set_uid(entry, 0)
    archive_entry_set_gid(entry, 0)
    try check(archive_write_header(archive, entry))
    var written = 0
    while written < data.count {
      let count = data.withUnsafeBytes {
        let rest = UnsafeRawBufferPointer(rebasing: $0[written...])
        return archive_write_data(archive, rest.baseAddress, rest.count)
      }
      guard count > 0 else { throw problem() }
      written += count
    }
    try check(archive_write_finish_entry(archive))
    let offset = position + 512
    position = offset + (data.count + 511) / 512 * 512
    return offset
  }

  /// Finishes the tar, makes it durable under its name, and returns its size and digest.
  package func finish() throws -> (byteCount: Int, digest: Digest) {
    try check(archive_write_close(archive))
    let size = sink.file.count
    guard size == (position + 1024 + Int(Self.blockSize) - 1) / Int(Self.blockSize) * Int(Self.blockSize),
      let digest = sink.digest.take()
    else { throw Failure.tar(.layout(found: size, position: position), sink.file.path) }
    try sink.file.commit()
    return (size, digest.finish())
  }

  private func check(_ status: Int32) throws {
    guard status == ARCHIVE_OK else { throw problem() }
  }

  private func problem() -> any Error {
    let reason = archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
    return sink.failure ?? Failure.tar(.writing(reason), sink.file.path)
  }
}
