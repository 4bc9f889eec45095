import Basics

/// Where the bytes of a media file lie: a file of its own, or a range of an archive that holds it.
package struct MediaSource: Hashable, Sendable, Codable {
  /// What is opened.
  package var path: String
  /// The file's bytes within what is opened; nil: all of it.
  package var bytes: Range<Int>?

  package init(_ path: String, bytes: Range<Int>? = nil) {
    (self.path, self.bytes) = (path, bytes)
  }

  /// SHA-256 of the file's bytes.
  package func digest() throws -> Digest { try bytes.map { try .ofFile(path, bytes: $0) } ?? .ofFile(path) }
}
