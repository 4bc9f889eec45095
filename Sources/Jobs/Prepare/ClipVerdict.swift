import Basics
import Corpus
import StageGraph

/// What became of one file, or of one row of the manifest.
package struct ClipVerdict: Codable, Sendable, Equatable {
  package enum State: String, Codable, Sendable, CaseIterable {
    case kept
    case warned
    case leftOut = "left-out"
  }

  package var id: String
  /// The file's name relative to the folder; empty for a row of the manifest without a file.
  package var file: String
  package var state: State
  /// What left it out.
  package var reason: ReasonCode?
  package var findings: [Finding]
  package var split: Split?
}

extension ClipVerdict {
  /// Of every clip, as the last prepare left them.
  package static func all(_ catalog: Catalog) throws -> [ClipVerdict] {
    try catalog.verdicts().map {
      try CanonicalJSON.decode(ClipVerdict.self, from: Array($0.detail.utf8), source: "catalog, \($0.key)")
    }
  }
}
