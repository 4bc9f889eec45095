// An open segment file that many threads can read at the same time.

import Basics
import Glibc

final class SegmentReader: Sendable {
  private let file: InputFile

  init(_ path: String) throws { file = try InputFile(path) }

  func read(at offset: Int, count: Int) throws -> [UInt8] { try file.read(at: offset, count: count) }
}

/// Truncates a file to `length` bytes, durably.
func truncateFile(_ path: String, to length: Int) throws {
  let descriptor = fileSystem.open(path, O_WRONLY)
  guard descriptor >= 0 else { throw Failure.system("open", path) }
  defer { close(descriptor) }
  guard fileSystem.truncate(descriptor, to: length) == 0 else { throw Failure.system("truncate", path) }
  guard fileSystem.sync(descriptor) == 0 else { throw Failure.system("sync", path) }
}
