import Basics
import Corpus
import StageGraph

extension ClipVerdict {
  /// Of every clip, as the last prepare left them.
  package static func all(_ catalog: Catalog) throws -> [ClipVerdict] {
    try catalog.verdicts().map {
      try CanonicalJSON.decode(ClipVerdict.self, from: Array($0.detail.utf8), source: "catalog, \($0.key)")
    }
  }
}
