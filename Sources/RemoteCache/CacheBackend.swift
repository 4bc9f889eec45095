// What a remote cache keeps its bytes in: a server or a directory. Both hold the same under the same names, `ac/` and
// `cas/` as Bazel has them; what the bytes mean, and whether they are believed, is `RemoteCache`'s.

import Basics

/// The name of what is kept.
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

/// Where a remote cache keeps its bytes. On any thread, several at a time, beside other processes on other machines
/// that do the same.
protocol CacheBackend: Sendable {
  /// To be shown; without credentials.
  var name: String { get }

  /// Whether damaged bytes say that others are damaged too, as those of a server or a network do; a file in a directory
  /// is damaged alone.
  var damageSpreads: Bool { get }

  /// The bytes under a key, unchecked; nil where there are none.
  /// - Parameter limit: the most that is taken.
  /// - Throws: `Trouble`.
  func get(_ key: CacheKey, limit: Int) throws -> [UInt8]?

  /// Whether there are bytes under a key.
  /// - Throws: `Trouble`.
  func has(_ key: CacheKey) throws -> Bool

  /// Puts all of the bytes under a key, or nothing.
  /// - Throws: `Trouble`.
  func put(_ key: CacheKey, _ bytes: [UInt8]) throws

  /// Takes away bytes that turned out damaged, where that can be done.
  func discard(_ key: CacheKey)

  /// Called once no more will be put: removes what is too much.
  func finish()
}

/// What went wrong with one request.
struct Trouble: Error, Equatable {
  enum Kind: String, Sendable, CaseIterable { case unreachable, slow, cutOff, wrong, refused, large, full, failing }
  var kind: Kind
  /// What was found; no credentials.
  var evidence: String

  init(_ kind: Kind, _ evidence: String) { (self.kind, self.evidence) = (kind, evidence) }
}
