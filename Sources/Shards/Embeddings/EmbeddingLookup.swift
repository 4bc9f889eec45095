// Finds the teacher rows of one clip, or the reason why there are none.

import Basics
import Corpus

package struct EmbeddingLookup: Sendable {
  /// Nil if there are no usable rows; a finding then gives the reason.
  package let location: EmbeddingLocation?
  /// The digest of the rows, as in `EmbeddingLocation.digest(of:)`; nil if they cannot be used.
  package let digest: Digest?
  package let findings: [Finding]
}

extension EmbeddingIndex {
  /// The positions of a clip's rows: those of the first of `keys` that has rows (the clip's id, then the stem of its
  /// file).
  package func places(_ keys: [String]) -> [Int] {
    keys.lazy.map { positions(forKey: $0) }.first { !$0.isEmpty } ?? []
  }

  /// The rows of the first of `keys` that has any.
  ///
  /// If several places have the same rows, these are used, with `embedding.repeated`; different rows give
  /// `embedding.duplicate`. No rows give `embedding.missing`; an unreadable file gives `embedding.unreadable`.
  /// - Parameter digest: returns the digest of the rows at a place; a caller that caches digests avoids reading them.
  package func lookUp(
    _ keys: [String], digest: (EmbeddingLocation) throws -> Digest = { try $0.contentDigest() }
  ) -> EmbeddingLookup {
    EmbeddingLookup(places(keys).map { self[$0] }, of: keys.first ?? "", digest: digest)
  }
}

extension EmbeddingLookup {
  /// The result of `EmbeddingIndex.lookUp` for these places.
  /// - Parameter digest: called once for each place in order, until two differ.
  package init(_ places: [EmbeddingLocation], of clip: String, digest: (EmbeddingLocation) throws -> Digest) {
    guard let first = places.first else {
      self.init(location: nil, digest: nil, findings: [Finding(.embeddingMissing, "no rows for \(clip)")])
      return
    }
    do {
      let content = try digest(first)
      for other in places.dropFirst() where try digest(other) != content {
        let finding = Finding(.embeddingDuplicate, "\(first.place) and \(other.place) differ")
        self.init(location: first, digest: nil, findings: [finding])
        return
      }
      let findings = places.count > 1 ? [Finding(.embeddingRepeated, "\(places.count) times, the same rows")] : []
      self.init(location: first, digest: content, findings: findings)
    } catch {
      let reason = (error as? Failure).map { $0.found == nil ? $0.what : "\($0.what): \($0.found ?? "")" } ?? "\(error)"
      let finding = Finding(.embeddingUnreadable, "\(first.place): \(reason)")
      self.init(location: first, digest: nil, findings: [finding])
    }
  }
}
