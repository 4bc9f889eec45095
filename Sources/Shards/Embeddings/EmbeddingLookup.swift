// The teacher rows of one clip from wherever they are, or the reason why there are none.

import Basics
import Corpus

package struct EmbeddingLookup: Sendable {
  /// Nil when there is nothing to take; a finding then says why.
  package let location: EmbeddingLocation?
  /// Of the rows, as `EmbeddingLocation.digest(of:)`; nil when they cannot be taken.
  package let digest: Digest?
  package let findings: [Finding]
}

extension EmbeddingIndex {
  /// Where the rows of a clip are: those of the first of `keys` that has any; the clip's id, then the stem of its file.
  package func places(_ keys: [String]) -> [Int] {
    keys.lazy.map { positions(forKey: $0) }.first { !$0.isEmpty } ?? []
  }

  /// The rows of the first of `keys` that has any.
  ///
  /// Several places with the same rows give them, with `embedding.repeated`; with different rows,
  /// `embedding.duplicate`. None is `embedding.missing`; a file that cannot be read is `embedding.unreadable`.
  /// - Parameter digest: of the rows at a place; a caller who remembers spares the reading.
  package func lookUp(
    _ keys: [String], digest: (EmbeddingLocation) throws -> Digest = { try $0.contentDigest() }
  ) -> EmbeddingLookup {
    EmbeddingLookup(places(keys).map { self[$0] }, of: keys.first ?? "", digest: digest)
  }
}

extension EmbeddingLookup {
  /// What `EmbeddingIndex.lookUp` says of these places.
  /// - Parameter digest: asked for each place once, in their order, until two differ.
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
