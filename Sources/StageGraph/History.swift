// The history that the planner compares with: the record of each action, the stages in their earlier forms, lost
// outputs, and older records by fingerprint. It is loaded from the catalog in one pass, or built by hand in tests.
// Reading it changes nothing.

import Basics

/// The history of completed actions.
package struct History: Sendable {
  /// Why an output can no longer be read.
  enum Loss: String, Sendable { case missing, corrupt }

  /// In no particular order; at most one per action.
  var records: [RecordBody] = []
  /// The stages that records refer to by `configuration`.
  var configurations: [Int: Stage] = [:]
  var lost: [Digest: Loss] = [:]
  /// Returns an older record with the same fingerprint, or nil.
  var memo: @Sendable (Digest) throws -> RecordBody? = { _ in nil }
  var source: (any ArtifactSource)?

  /// A history without any action.
  package static let empty = History()

  package var count: Int { records.count }
}
