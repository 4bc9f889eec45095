import Basics

/// A file that may hold a clip: one in a directory, or a member of a tar.
package struct SourceFile: Sendable {
  /// The path to open: the file itself, or the tar.
  package var path: String
  /// For a tar member: the range of its bytes.
  package var bytes: Range<Int>?
  /// The name in messages and outputs, relative to the directory it was found in.
  package var name: String
  /// The reason why it must not be opened, if any.
  package var refusal: String?
  /// The file's identity when it was found, if it was checked.
  package var identity: FileIdentity?
  /// The facts in the JSON beside a tar member.
  package var note: ArchiveNote?

  package init(
    path: String, bytes: Range<Int>? = nil, name: String, refusal: String? = nil, identity: FileIdentity? = nil
  ) {
    (self.path, self.bytes, self.name, self.refusal, self.identity) = (path, bytes, name, refusal, identity)
  }

  package var media: MediaSource { MediaSource(path, bytes: bytes) }

  /// The name without its last extension.
  package var stem: String { ClipID.stem(ofFile: Files.name(name)) }
}
