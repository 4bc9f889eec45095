import Glibc

/// The sentences of this module.
extension Failure {
  package static func system(_ operation: String, _ path: String, errno code: Int32 = errno) -> Failure {
    let reason = String(cString: strerror(code))
    let hint: String? =
      switch code {
      case ENOSPC, EDQUOT: "free some space there, then run the same command again: finished work is kept"
      case EACCES, EPERM: "check who may read and write it: ls -l \(path)"
      case EMFILE: "raise the limit on open files: ulimit -n 4096"
      default: nil
      }
    return Failure("file.\(operation)", "cannot \(operation)", on: path, found: reason, hint: hint)
  }

  package static func locked(_ path: String, holder: Int32?, hint: String? = nil) -> Failure {
    Failure(
      "locked", "another pipeline process writes here", on: path, found: holder.map { "pid \($0)" },
      hint: hint ?? "wait for it to end, or name another place with --workspace", exit: .locked)
  }

  static func fileLarge(_ path: String, _ size: Int, _ limit: Int) -> Failure {
    Failure(
      "file.large", "the file is larger than it may be", on: path, found: "\(size) bytes", expected: "at most \(limit)")
  }

  static func notRegular(_ path: String) -> Failure {
    Failure("file.kind", "neither a regular file nor a link to one", on: path)
  }
}
