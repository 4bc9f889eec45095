// The messages of this module.

import Basics

package enum TarProblem {
  case memory
  case damaged(at: Int, String)
  case name(at: Int)
  case truncated(String, at: Int, needs: Int, has: Int)
  case sparse(String)
  case noEnd(at: Int, size: Int)
  case trailing(at: Int)
  case twice(String, at: Int)
  case longName(String)
  case layout(found: Int, position: Int)
  case writing(String)
}

extension Failure {
  package static func tar(_ problem: TarProblem, _ path: String) -> Failure {
    switch problem {
    case .memory: Failure("tar.memory", "no memory for libarchive", on: path)
    case .damaged(let at, let reason):
      Failure(
        "tar.damaged", "no valid tar header", on: path, found: "\(reason) at byte \(at)",
        expected: "an uncompressed tar",
        hint: "copy the file again; a compressed one is unpacked with: gunzip FILE.tar.gz")
    case .name(let at): Failure("tar.name", "a member's name is not UTF-8", on: path, found: "after byte \(at)")
    case .truncated(let name, let at, let needs, let has):
      Failure(
        "tar.truncated", "the tar is cut off inside \(name)", on: path, found: "\(has) bytes at \(at)",
        expected: "\(needs)", hint: "copy or make the tar again")
    case .sparse(let name): Failure("tar.sparse", "the tar holds a sparse file", on: path, found: name)
    case .noEnd(let at, let size):
      Failure(
        "tar.truncated", "the tar lacks its end, so samples may be missing", on: path,
        found: "\(max(0, size - at)) bytes at \(at)", expected: "at least 1024 zero bytes",
        hint: "copy or make the tar again")
    case .trailing(let at):
      Failure(
        "tar.trailing", "there is something after the end of the tar", on: path,
        found: "a byte that is not zero at \(at)",
        hint: "tars that were joined with cat are unpacked and packed again: tar --ignore-zeros -xf FILE")
    case .twice(let name, let at):
      Failure("tar.sample", "a sample has one extension twice", on: path, found: "\(name) at \(at)")
    case .longName(let name):
      Failure(
        "tar.longname", "the name is too long for a plain tar", on: path, found: "\(name.utf8.count) bytes: \(name)",
        expected: "at most \(TarWriter.longestName)")
    case .layout(let found, let position):
      Failure(
        "tar.layout", "libarchive laid the tar out in another way", on: path, found: "\(found) bytes",
        expected: "members ending at \(position), padded to 10240")
    case .writing(let reason): Failure("tar.write", "the tar cannot be written", on: path, found: reason)
    }
  }
}
