import Basics
import Corpus
import StageGraph

extension ClipVerdict {
  /// The verdicts of all clips from the last `prepare`.
  package static func all(_ catalog: Catalog) throws -> [ClipVerdict] {
    try catalog.verdicts().map {
      try CanonicalJSON.decode(ClipVerdict.self, from: Array($0.detail.utf8), source: "catalog, \($0.key)")
    }
  }
}
