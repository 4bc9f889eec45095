// The teacher rows of one clip from wherever they are, or the reason why there are none.

import Basics
import Corpus
import Tensors

package struct EmbeddingLookup: Sendable {
  /// Nil when a finding says why.
  package let rows: Tensor?
  package let location: EmbeddingLocation?
  /// Under which of the keys the rows stand.
  package var key: String?
  /// Of the rows, as `EmbeddingLocation.digest(of:)`.
  package let digest: Digest?
  package let findings: [Finding]
}

extension EmbeddingIndex {
  /// The rows of the first of `keys` that has any: the clip's id, then the stem of its file.
  ///
  /// Several places with the same rows give them, with `embedding.repeated`; with different rows,
  /// `embedding.duplicate`. None is `embedding.missing`; a file that cannot be read is `embedding.unreadable`.
  package func lookUp(_ keys: [String]) -> EmbeddingLookup {
    guard let key = keys.first(where: { !locations(forKey: $0).isEmpty }), case let places = locations(forKey: key),
      let first = places.first
    else {
      return EmbeddingLookup(
        rows: nil, location: nil, digest: nil, findings: [Finding(.embeddingMissing, keys.first ?? "")])
    }
    do {
      let rows = try first.rows()
      let digest = EmbeddingLocation.digest(of: rows)
      for other in places.dropFirst() where try other.contentDigest() != digest {
        let finding = Finding(.embeddingDuplicate, "\(first.place) and \(other.place) differ")
        return EmbeddingLookup(rows: nil, location: first, digest: digest, findings: [finding])
      }
      let findings = places.count > 1 ? [Finding(.embeddingRepeated, "\(places.count) times, the same rows")] : []
      return EmbeddingLookup(rows: rows, location: first, key: key, digest: digest, findings: findings)
    } catch {
      let reason = (error as? Failure).map { $0.found == nil ? $0.what : "\($0.what): \($0.found ?? "")" } ?? "\(error)"
      let finding = Finding(.embeddingUnreadable, "\(first.place): \(reason)")
      return EmbeddingLookup(rows: nil, location: first, digest: nil, findings: [finding])
    }
  }
}
