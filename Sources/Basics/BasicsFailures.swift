import Glibc

/// The messages of this module.
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
    var failure = Failure("file.\(operation)", "cannot \(operation)", on: path, found: reason, hint: hint)
    failure.systemError = code
    return failure
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

  // MARK: Parts

  static func partUnknown(_ names: [String]) -> Failure {
    Failure(
      "usage.part", "nothing in the environment says which part this is", on: "--part auto",
      expected: "one of \(names.joined(separator: ", "))", hint: "--part i/n says it, i from 0", exit: .usage)
  }

  static func partHalf(_ there: String, without absent: String) -> Failure {
    Failure(
      "usage.part", "the environment says half of which part this is", on: there, expected: "\(absent) too",
      hint: "--part i/n says it, i from 0", exit: .usage)
  }

  static func partNumber(_ name: String, _ value: String, expected: String = "a number") -> Failure {
    Failure("usage.part", "the variable cannot be read", on: name, found: value, expected: expected, exit: .usage)
  }

  static func partCountUnknown(_ name: String) -> Failure {
    Failure(
      "usage.part", "the variable says which part this is, and nothing says of how many", on: name,
      hint: "--part auto/n, with the job's number of completions", exit: .usage)
  }

  static func partCounts(_ name: String, found: Int, flag: Int) -> Failure {
    Failure(
      "usage.part", "flag and environment differ in the number of parts", on: name, found: "\(found)",
      expected: "\(flag), as --part says", exit: .usage)
  }

  static func partOutside(_ name: String, _ value: String, count: Int) -> Failure {
    Failure(
      "usage.part", "there is no such part", on: name, found: value, expected: "one of \(count), counted from 0",
      exit: .usage)
  }
}
