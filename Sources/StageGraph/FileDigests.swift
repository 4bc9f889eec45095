import Basics

/// The digests of some files in order, or the reason why a file has none. An array of results would take four times the
/// memory.
package struct FileDigests: RandomAccessCollection, Sendable {
  var digests: [Digest?] = []
  var failures: [Int: Failure] = [:]

  init(count: Int) { digests.reserveCapacity(count) }

  package var startIndex: Int { 0 }
  package var endIndex: Int { digests.count }

  package subscript(position: Int) -> Result<Digest, Failure> {
    if let digest = digests[position] { return .success(digest) }
    return .failure(failures[position] ?? Failure("file.read", "cannot read"))
  }
}
