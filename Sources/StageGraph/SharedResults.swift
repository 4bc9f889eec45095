// Results from other workspaces, by fingerprint: the runner looks here before it runs an action, and offers its own
// results afterwards.
//
// A result depends only on its fingerprint, so any workspace may have made it. The implementation decides where results
// are stored (a server, a directory), how an answer is checked and how errors are handled. The engine stores what it
// gets like a result of its own.

import Basics

/// One output of an action, by name; the summary is one of them.
package struct NamedOutput: Sendable, Equatable {
  package var name: String
  /// The digest of `bytes`.
  package var digest: Digest
  package var bytes: [UInt8]

  package init(name: String, digest: Digest, bytes: [UInt8]) {
    (self.name, self.digest, self.bytes) = (name, digest, bytes)
  }
}

/// Results shared between workspaces. Called on any thread of a run, several at a time. No call throws: an error counts
/// as a missing result.
package protocol SharedResults: Sendable {
  /// Whether results of this stage are shared.
  func holds(stage: String) -> Bool

  /// All outputs of the action with this fingerprint, each with the digest it names and including the summary; nil if
  /// there is no such result or it cannot be read.
  func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]?

  /// Offers a final result to others.
  func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput])
}

/// Digests of files from other workspaces, so that not every machine must read all files. Called on any thread, several
/// at a time. No call throws: an error counts as a missing digest.
package protocol SharedFileDigests: Sendable {
  /// The digest of a file, or of a part of one, with this identity; nil if no workspace stored it.
  /// - Parameters:
  ///   - part: the name of the part; empty for the whole file.
  ///   - file: its size and modification time count; device and inode differ between machines.
  func digest(of path: String, part: String, _ file: FileIdentity) -> Digest?

  /// Offers to others the digest of a file that has not changed recently.
  func keep(_ digest: Digest, of path: String, part: String, _ file: FileIdentity)
}
