import Glibc

/// A finished file in memory, read only. For files that were renamed into place, and for a user's large archives of
/// embeddings and weights: one that is cut shorter while it is read ends the process.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer

  package init(_ path: String) throws {
    self.path = path
    let file = try InputFile(path)
    // Of what was opened: another file may have taken its name since.
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
