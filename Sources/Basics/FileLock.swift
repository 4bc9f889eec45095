import Glibc

/// An exclusive lock that the kernel releases when its holder dies. The file contains the holder's pid, for messages in
/// other processes.
///
/// Symbolic links are not followed: the file is written to, and an untrusted directory may contain a link to anything.
/// The file is not removed with the lock. Otherwise one process could lock the file that another has just removed,
/// while a third one locks the new file.
package final class FileLock: Sendable {
  private let descriptor: Int32

  /// - Parameters:
  ///   - subject: what the lock guards, for the message; nil: its directory.
  ///   - hint: the hint in the message; nil: the hint for a workspace.
  /// - Throws: `Failure.locked` with the holder's pid, if another process holds it.
  package init(_ path: String, of subject: String? = nil, hint: String? = nil) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw Failure.system("open", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? Files.read(path, limit: 64)).flatMap { Int32(String(decoding: $0, as: UTF8.self)) }
      throw Failure.locked(subject ?? Files.parent(path), holder: holder, hint: hint)
    }
    ftruncate(descriptor, 0)
    let pid = Array("\(getpid())".utf8)
    pwrite(descriptor, pid, pid.count, 0)
  }

  /// Unlocks explicitly: a child process that was just forked and has not started its program yet also holds the
  /// descriptor.
  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
