import Basics

/// A file that may hold a clip: one in a directory, or a member of a tar.
package struct SourceFile: Sendable {
  /// What opens it: the file itself, or the tar.
  package var path: String
  /// Of a member of a tar: where its bytes lie.
  package var bytes: Range<Int>?
  /// What names it to people and in outputs: relative to the directory it was found in.
  package var name: String
  /// Why it must not be opened, if so.
  package var refusal: String?
  /// The file as it was found, where that was looked at.
  package var identity: FileIdentity?
  /// What the json beside a member says of it.
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
