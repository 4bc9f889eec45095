import Basics

/// Where the bytes of a media file are: in a file of its own, or in a range of an archive.
package struct MediaSource: Hashable, Sendable, Codable {
  /// The path of the file to open.
  package var path: String
  /// The range of bytes in the opened file; nil: all of it.
  package var bytes: Range<Int>?

  package init(_ path: String, bytes: Range<Int>? = nil) {
    (self.path, self.bytes) = (path, bytes)
  }

  /// SHA-256 of the media file's bytes.
  package func digest() throws -> Digest { try bytes.map { try .ofFile(path, bytes: $0) } ?? .ofFile(path) }
}
