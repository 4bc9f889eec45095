// The storage of a remote cache: a server or a directory. Both hold the same data under the same names, `ac/` and
// `cas/` as in Bazel. `RemoteCache` interprets and checks the bytes.

import Basics

/// The name of a stored entry.
enum CacheKey: Sendable, Hashable {
  /// The answer to an action's fingerprint, or to another question.
  case answer(Digest)
  /// Bytes by their digest.
  case content(Digest)

  /// `ac` or `cas`.
  var store: String { if case .answer = self { "ac" } else { "cas" } }

  var digest: Digest {
    switch self {
    case .answer(let digest), .content(let digest): digest
    }
  }
}

/// The storage of a remote cache. Called on any thread, several at a time, while processes on other machines use it
/// too.
protocol CacheBackend: Sendable {
  /// The address for display, without credentials.
  var name: String { get }

  /// Whether damaged bytes suggest that other entries are damaged too, as with a server or a network; a damaged file in
  /// a directory says nothing about other files.
  var damageSpreads: Bool { get }

  /// The bytes under a key, unchecked; nil if there are none.
  /// - Parameter limit: the maximum number of bytes accepted.
  /// - Throws: `Trouble`.
  func get(_ key: CacheKey, limit: Int) throws -> [UInt8]?

  /// Whether there are bytes under a key.
  /// - Throws: `Trouble`.
  func has(_ key: CacheKey) throws -> Bool

  /// Stores all of the bytes under a key, or nothing.
  /// - Throws: `Trouble`.
  func put(_ key: CacheKey, _ bytes: [UInt8]) throws

  /// Removes bytes that turned out to be damaged, if the storage allows it.
  func discard(_ key: CacheKey)

  /// Called when no more will be stored: removes entries above the limit.
  func finish()
}

/// A problem with one request.
struct Trouble: Error, Equatable {
  enum Kind: String, Sendable, CaseIterable { case unreachable, slow, cutOff, wrong, refused, large, full, failing }
  var kind: Kind
  /// What was found; without credentials.
  var evidence: String

  init(_ kind: Kind, _ evidence: String) { (self.kind, self.evidence) = (kind, evidence) }
}
