import Basics

/// The settings of `pipeline report`.
package struct ReportSettings: Sendable {
  package var workspace = ".pipeline"
  /// Nil takes the directory that `prepare` wrote to last.
  package var shards: String?
  package var runs = "runs"
  /// The run to show; nil takes the one trained last.
  package var run: String?
  /// The number of clips in the gallery.
  package var gallery = 12
  /// The most held-out clips that are embedded.
  package var mostHeld = 256
  package var threads = Machine.processors

  package init() {}
}
