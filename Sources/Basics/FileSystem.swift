// The calls by which this program changes files and directories, in one place, so that tests can make any of them fail.

import CSystem
import Glibc
import Synchronization

/// The operations that change files. Each call behaves like the system call of the same name and reports failure in the
/// same way: a negative result, and `errno`.
package protocol FileSystem: Sendable {
  /// Opens a file; if `flags` create it, it is readable by all users.
  func open(_ path: String, _ flags: Int32) -> Int32
  /// The number of bytes written, which may be less than all.
  func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int
  func truncate(_ descriptor: Int32, to length: Int) -> Int32
  /// For files and for directories.
  func sync(_ descriptor: Int32) -> Int32
  func rename(_ from: String, to: String) -> Int32
  /// Both must exist.
  func exchange(_ first: String, _ second: String) -> Int32
  func link(_ from: String, to: String) -> Int32
  func unlink(_ path: String) -> Int32
  func makeDirectory(_ path: String) -> Int32
  func removeDirectory(_ path: String) -> Int32
}

/// The file system in use: the machine's, unless a test has replaced it.
package var fileSystem: any FileSystem { FileSystemInUse.current.withLock { $0 } }

package enum FileSystemInUse {
  fileprivate static let current = Mutex<any FileSystem>(MachineFileSystem())

  /// Replaces the file system that all threads use. For tests, one at a time.
  /// - Returns: the previous one.
  @discardableResult
  package static func replace(with other: any FileSystem) -> any FileSystem {
    current.withLock { current in
      defer { current = other }
      return current
    }
  }
}

/// The machine's file system.
package struct MachineFileSystem: FileSystem {
  package init() {}

  package func open(_ path: String, _ flags: Int32) -> Int32 { Glibc.open(path, flags | O_CLOEXEC, 0o644) }
  package func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
    Glibc.write(descriptor, bytes.baseAddress, bytes.count)
  }
  package func truncate(_ descriptor: Int32, to length: Int) -> Int32 { ftruncate(descriptor, off_t(length)) }
  package func sync(_ descriptor: Int32) -> Int32 { fsync(descriptor) }
  package func rename(_ from: String, to: String) -> Int32 { Glibc.rename(from, to) }
  package func exchange(_ first: String, _ second: String) -> Int32 { system_exchange(first, second) }
  package func link(_ from: String, to: String) -> Int32 { Glibc.link(from, to) }
  package func unlink(_ path: String) -> Int32 { Glibc.unlink(path) }
  package func makeDirectory(_ path: String) -> Int32 { mkdir(path, 0o755) }
  package func removeDirectory(_ path: String) -> Int32 { rmdir(path) }
}
