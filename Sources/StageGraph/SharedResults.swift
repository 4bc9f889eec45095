// Results that other workspaces made, by fingerprint: what the runner asks before it runs an action, and tells
// afterwards.
//
// A result is a function of its fingerprint, so it does not matter who made it. What lies behind this (a server, a
// directory), how an answer is checked and what trouble costs is the implementation's; the engine keeps what it is
// given like a result of its own.

import Basics

/// One output of an action, by name; the summary is one of them.
package struct NamedOutput: Sendable, Equatable {
  package var name: String
  /// Of `bytes`.
  package var digest: Digest
  package var bytes: [UInt8]

  package init(name: String, digest: Digest, bytes: [UInt8]) {
    (self.name, self.digest, self.bytes) = (name, digest, bytes)
  }
}

/// Results shared between workspaces. Called on any of a run's threads, several at a time; no call throws: what goes
/// wrong counts as not there.
package protocol SharedResults: Sendable {
  /// Whether results of this stage are shared at all.
  func holds(stage: String) -> Bool

  /// All outputs of the action with this fingerprint, each of the digest it names and the summary among them; nil where
  /// there is no such result or it cannot be had.
  func find(_ fingerprint: Digest, stage: String) -> [NamedOutput]?

  /// Offers a final result to others.
  func keep(_ fingerprint: Digest, stage: String, _ outputs: [NamedOutput])
}

/// Digests of files as other workspaces found them, so that not every machine reads all files. Called on any thread,
/// several at a time; no call throws: what goes wrong counts as not there.
package protocol SharedFileDigests: Sendable {
  /// The digest of a file, or of a part of one, that looks like this; nil where nobody left it.
  /// - Parameters:
  ///   - part: what names the part; empty for the whole file.
  ///   - file: its size and modification time count; device and inode are others on each machine.
  func digest(of path: String, part: String, _ file: FileIdentity) -> Digest?

  /// Offers the digest of a file that has not changed lately to others.
  func keep(_ digest: Digest, of path: String, part: String, _ file: FileIdentity)
}
