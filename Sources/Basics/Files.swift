// Reads and writes files as this project needs it: completely or not at all, durably, and with errors that name the
// path.

import CSystem
import Glibc

/// An open file for reading; it is closed when the value is no longer used.
package struct InputFile: ~Copyable {
  package let path: String
  package let descriptor: Int32

  /// - Throws: `file.kind` if it is not a regular file: pipes, devices and directories are rejected at once.
  package init(_ path: String) throws {
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else { throw Failure.system("open", path) }
    try self.init(taking: opened, path)
  }

  /// Takes over an open file; it is closed with this value, or at once if this throws.
  /// - Throws: `file.kind` if it is not a regular file.
  package init(taking opened: Int32, _ path: String) throws {
    do {
      guard try Files.identity(ofOpen: opened, path).kind == .file else { throw Failure.notRegular(path) }
    } catch {
      close(opened)
      throw error
    }
    (self.path, descriptor) = (path, opened)
  }

  deinit { close(descriptor) }

  /// Returns the number of bytes read, which is less than requested only at the end of the file.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure.system("read", path)
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// The current length in bytes.
  package var size: Int {
    get throws { try Files.identity(ofOpen: descriptor, path).size }
  }

  /// Exactly `count` bytes at `offset`.
  package func read(at offset: Int, count: Int) throws -> [UInt8] {
    guard count >= 0, offset >= 0 else { throw Failure("file.range", "a range lies outside the file", on: path) }
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let n = bytes.withUnsafeMutableBytes {
        let rest = UnsafeMutableRawBufferPointer(rebasing: $0[filled...])
        return pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
      }
      if n < 0 {
        if errno == EINTR { continue }
        throw Failure.system("read", path)
      }
      guard n > 0 else {
        throw Failure(
          "file.short", "the file ends early", on: path, found: "\(filled) bytes at \(offset)", expected: "\(count)")
      }
      filled += n
    }
    return bytes
  }
}

package enum Files {
  /// All bytes of a file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int = 1 << 31) throws -> [UInt8] {
    let size = try identity(path).size
    guard size <= limit else {
      throw Failure.fileLarge(path, size, limit)
    }
    let file = try InputFile(path)
    return try file.read(at: 0, count: size)
  }

  /// Everything that a file or a pipe contains: settings and lists may come from `<(…)` or `/dev/stdin`.
  /// - Throws: `file.large` for more than `limit` bytes, and what reading throws.
  package static func readStream(_ path: String, limit: Int) throws -> [UInt8] {
    if try identity(path).kind == .file { return try read(path, limit: limit) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure.system("open", path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR, !Interruption.isRequested { continue }
      guard count >= 0 else { throw Failure.system("read", path) }
      if count == 0 { return bytes }
      bytes += piece[..<count]
      guard bytes.count <= limit else { throw Failure.fileLarge(path, bytes.count, limit) }
    }
  }

  /// The extension of a name, in lower case; nil if there is none, or if the dot is the first character.
  package static func ending(_ name: String) -> String? {
    let last = name.lastIndex(of: "/").map { name[name.index(after: $0)...] } ?? name[...]
    guard let dot = last.utf8.lastIndex(of: 0x2E), dot != last.utf8.startIndex else { return nil }
    return last[last.index(after: dot)...].lowercased()
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  package static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

  package static func isDirectory(_ path: String) -> Bool {
    (try? identity(path))?.kind == .directory
  }

  /// The absolute path without links; nil if it does not exist.
  package static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The identity of an open file.
  package static func identity(ofOpen descriptor: Int32, _ path: String) throws -> FileIdentity {
    var raw = system_file_identity()
    guard system_identity_of_descriptor(descriptor, &raw) == 0 else { throw Failure.system("open", path) }
    return FileIdentity(raw)
  }

  /// The identity of the file at a path; symbolic links are followed.
  package static func identity(_ path: String) throws -> FileIdentity {
    var raw = system_file_identity()
    guard system_identity_of_path(path, &raw) == 0 else { throw Failure.system("open", path) }
    return FileIdentity(raw)
  }

  /// The identity of a link itself.
  package static func identityOfLink(_ path: String) throws -> FileIdentity {
    var raw = system_file_identity()
    guard system_identity_of_link(path, &raw) == 0 else { throw Failure.system("open", path) }
    return FileIdentity(raw)
  }

  /// The names in a directory, in byte order, without `.` and `..`.
  package static func names(in directory: String) throws -> [String] { try DirectoryNames(directory).strings }

  /// Creates a directory and its parents.
  package static func makeDirectory(_ path: String) throws {
    if path.isEmpty || isDirectory(path) { return }
    try makeDirectory(parent(path))
    guard fileSystem.makeDirectory(path) == 0 || errno == EEXIST else { throw Failure.system("make directory", path) }
  }

  /// Removes a file or a directory with its contents; it is not an error if it does not exist.
  package static func remove(_ path: String) throws {
    guard let link = try? identityOfLink(path) else { return }
    if link.kind == .directory {
      for name in try names(in: path) { try remove("\(path)/\(name)") }
      guard fileSystem.removeDirectory(path) == 0 else { throw Failure.system("remove", path) }
    } else {
      guard fileSystem.unlink(path) == 0 else { throw Failure.system("remove", path) }
    }
  }

  package static func parent(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: 0x2F) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }

  package static func name(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: 0x2F) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// Makes changes of names in a directory durable (renames, links, removals).
  package static func sync(directory: String) throws {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure.system("open", directory) }
    defer { close(descriptor) }
    guard fileSystem.sync(descriptor) == 0 || errno == EINVAL else { throw Failure.system("sync", directory) }
  }

  package static func rename(_ from: String, to: String) throws {
    guard fileSystem.rename(from, to: to) == 0 else { throw Failure.system("rename", from) }
  }

  /// Writes a file completely or not at all: temporary name in the same directory, fsync, rename, fsync of the
  /// directory.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    let file = try OutputFile(path)
    try file.write(bytes)
    try file.commit()
  }

  package static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }
}

package struct FileIdentity: Hashable, Sendable {
  package enum Kind: Sendable { case file, directory, link, other }
  package var device: UInt64
  package var inode: UInt64
  package var size: Int
  /// Nanoseconds since 1970.
  package var modified: Int64
  package var kind: Kind

  init(_ raw: system_file_identity) {
    device = raw.device
    inode = raw.inode
    size = Int(raw.size)
    modified = raw.modified
    kind =
      switch mode_t(raw.mode) & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .link
      default: .other
      }
  }
}
