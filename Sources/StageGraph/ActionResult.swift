// The result of an action, before it is stored.

import Basics

/// The digest and size of stored bytes.
package struct Artifact: Hashable, Sendable, Codable {
  package var digest: Digest
  package var size: Int

  package init(digest: Digest, size: Int) {
    self.digest = digest
    self.size = size
  }
}

/// The return value of `execute`. A problem with one item is also a result, described in the summary: a thrown error
/// stops the whole run.
package struct ActionResult: Sendable {
  /// The name of the output that holds the summary.
  package static let summaryName = "summary"

  package var outputs: [String: [UInt8]]
  /// A few bytes (canonical JSON) that describe the result; stored as the output named `summary`.
  package var summary: [UInt8]
  /// False if another run may give a different result (a worker crashed): the result is kept for this run and tried
  /// again in the next one.
  package var isFinal: Bool

  package init(outputs: [String: [UInt8]] = [:], summary: [UInt8] = [], isFinal: Bool = true) {
    self.outputs = outputs
    self.summary = summary
    self.isFinal = isFinal
  }
}
