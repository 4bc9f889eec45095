import Glibc

/// A complete file mapped into memory, read-only. It is meant for files that were renamed into place and for a user's
/// large files of embeddings and weights. If such a file is truncated while it is being read, the process ends.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer

  package init(_ path: String) throws {
    self.path = path
    let file = try InputFile(path)
    // The size of the opened file: another file may have its name by now.
    let size = Int(lseek(file.descriptor, 0, SEEK_END))
    guard size >= 0 else { throw Failure.system("read", path) }
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0), start != MAP_FAILED else {
      throw Failure.system("map", path)
    }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
