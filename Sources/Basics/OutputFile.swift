import Glibc

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a hidden temporary name in the same directory; `commit` syncs, renames and syncs the directory. An
/// output that is not committed leaves no file. Temporary files of a killed process contain `.partial` in their names
/// and are removed by the owner of the directory.
package final class OutputFile {
  package let path: String
  private let temporary: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  /// The number of bytes written so far.
  package private(set) var count = 0

  package init(_ path: String) throws {
    self.path = path
    temporary = "\(Files.parent(path))/.\(Files.name(path)).\(getpid()).partial"
    _ = fileSystem.unlink(temporary)
    descriptor = fileSystem.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
    guard descriptor >= 0 else { throw Failure.system("create", path) }
    buffer.reserveCapacity(Self.bufferSize)
  }

  private static let bufferSize = 1 << 20

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      _ = fileSystem.unlink(temporary)
    }
  }

  package func write(_ bytes: some ContiguousBytesCollection) throws {
    try bytes.withContiguousBytes { try write(raw: $0) }
  }

  package func write(raw bytes: UnsafeRawBufferPointer) throws {
    count += bytes.count
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count >= Self.bufferSize {
      try writeAll(bytes, to: descriptor, path: path)
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  private func flush() throws {
    try buffer.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Puts the file in place under its name, durably.
  package func commit() throws {
    try flush()
    guard fileSystem.sync(descriptor) == 0 else { throw Failure.system("sync", path) }
    close(descriptor)
    descriptor = -1
    guard fileSystem.rename(temporary, to: path) == 0 else {
      let failure = Failure.system("rename", path)
      _ = fileSystem.unlink(temporary)
      throw failure
    }
    try Files.sync(directory: Files.parent(path))
  }

  package static func isLeftOver(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".partial") }

  /// Removes temporary files that killed processes left. Call it while holding the file's lock.
  package static func removeLeftOvers(of path: String) throws {
    let directory = Files.parent(path)
    for name in try Files.names(in: directory) where isLeftOver(name) && name.hasPrefix(".\(Files.name(path)).") {
      try Files.remove("\(directory)/\(name)")
    }
  }
}

/// Contiguous arrays and strings of bytes.
package protocol ContiguousBytesCollection {
  func withContiguousBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R
}
extension [UInt8]: ContiguousBytesCollection {
  package func withContiguousBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withUnsafeBytes(body)
  }
}
extension String: ContiguousBytesCollection {
  package func withContiguousBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try Array(utf8).withUnsafeBytes(body)
  }
}

/// Calls write(2) until everything is written.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
  var done = 0
  while done < bytes.count {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
    let count = fileSystem.write(rest, to: descriptor)
    if count < 0 {
      if errno == EINTR { continue }
      throw Failure.system("write", path)
    }
    done += count
  }
}
