import Basics

/// What `pipeline report` looks at.
package struct ReportSettings: Sendable {
  package var workspace = ".pipeline"
  /// Nil takes where prepare put them last.
  package var shards: String?
  package var runs = "runs"
  /// A run whose clips are looked at; nil takes the one trained last.
  package var run: String?
  /// Clips in the gallery.
  package var gallery = 12
  /// Clips kept out of training that are embedded.
  package var mostHeld = 256
  package var threads = Machine.processors

  package init() {}
}
