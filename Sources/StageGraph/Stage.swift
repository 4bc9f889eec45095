// What a kind of work is to the engine: a name, a version and the settings that change what it gives. The engine
// compares these and words their changes; what they mean is the caller's.

/// A kind of work.
package struct Stage: Sendable, Hashable {
  /// How the stage is called on the command line: `extract-audio`.
  package var name: String
  /// Raised by hand when the same inputs give other bytes.
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
