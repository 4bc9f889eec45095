// A kind of work as the engine sees it: a name, a version and the settings that change its results. The engine compares
// these and describes their changes; only the caller knows their meaning.

/// A kind of work.
package struct Stage: Sendable, Hashable {
  /// The name of the stage on the command line: `extract-audio`.
  package var name: String
  /// Raised by hand when the same inputs give different bytes.
  package var version: Int
  /// Settings that change the outputs. Never paths, thread counts or times.
  package var parameters: [String: String]
  /// The tools whose versions can change the outputs.
  package var toolchain: [String: String]

  package init(name: String, version: Int, parameters: [String: String] = [:], toolchain: [String: String] = [:]) {
    self.name = name
    self.version = version
    self.parameters = parameters
    self.toolchain = toolchain
  }
}
