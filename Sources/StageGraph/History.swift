// What was done before, as the planner sees it: the record of each action, the stages as they then were, outputs that
// are lost, and older records by fingerprint. Loaded from the catalog in one pass, or made by hand in tests. Reading it
// changes nothing.

import Basics

/// What was done before.
package struct History: Sendable {
  /// Why an output can no longer be read.
  enum Loss: String, Sendable { case missing, corrupt }

  /// In no particular order; at most one for each action.
  var records: [RecordBody] = []
  /// The stages that records name by `configuration`.
  var configurations: [Int: Stage] = [:]
  var lost: [Digest: Loss] = [:]
  /// An older record of the same fingerprint, or nil.
  var memo: @Sendable (Digest) throws -> RecordBody? = { _ in nil }
  var source: (any ArtifactSource)?

  /// Nothing was ever done.
  package static let empty = History()

  package var count: Int { records.count }
}
