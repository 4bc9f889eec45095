import Glibc

/// An exclusive lock that the kernel frees when its holder dies. The file holds the holder's pid, for the message to
/// others.
///
/// No symbolic link is followed: the file is written to, and a stranger's directory may hold a link to anything.
/// The file stays when the lock goes. Were it removed, one process could lock the file that another has just taken
/// away, and a third one the file that has come in its place.
package final class FileLock: Sendable {
  private let descriptor: Int32

  /// - Parameters:
  ///   - subject: what it guards, for the message; nil: the directory it lies in.
  ///   - hint: what helps; nil: what helps with a workspace.
  /// - Throws: `Failure.locked` with the holder's pid when another process has it.
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

  /// Let go by name: a process that was just forked, and has not begun its program yet, holds the descriptor too.
  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
