// What running an action gave, before it is stored.

import Basics

/// Stored bytes by what they are.
package struct Artifact: Hashable, Sendable, Codable {
  package var digest: Digest
  package var size: Int

  package init(digest: Digest, size: Int) {
    self.digest = digest
    self.size = size
  }
}

/// What an `execute` hands back. Trouble with one item is a result too, worded in the summary: a throw stops the whole
/// run.
package struct ActionResult: Sendable {
  /// The name under which the summary is an output of its own.
  package static let summaryName = "summary"

  package var outputs: [String: [UInt8]]
  /// A few bytes (canonical JSON) that say what came out; an output named `summary`.
  package var summary: [UInt8]
  /// False where another run may give something else (a worker crashed): kept for this run, tried again in the next.
  package var isFinal: Bool

  package init(outputs: [String: [UInt8]] = [:], summary: [UInt8] = [], isFinal: Bool = true) {
    self.outputs = outputs
    self.summary = summary
    self.isFinal = isFinal
  }
}
