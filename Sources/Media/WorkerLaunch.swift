import Basics

/// What starts decode workers, and what they may do.
package struct WorkerLaunch: Sendable, ExpressibleByArrayLiteral {
  /// The resolved path of the program, and its words.
  package var words: [String]
  package var sandbox: SandboxMode
  /// Formats and codecs that they decode.
  package var codecs: CodecSet

  package init(_ words: [String], sandbox: SandboxMode = .auto, codecs: CodecSet = .all) {
    (self.words, self.sandbox, self.codecs) = (words, sandbox, codecs)
  }

  package init(arrayLiteral words: String...) { self.init(words) }

  /// How a worker that is started this way is locked in, as it says itself.
  /// - Throws: `worker.start`, `sandbox.missing`.
  package func confinement() throws -> Confinement {
    let worker = try DecodeWorkerProcess(self, memoryBytes: DecodeWorkerMain.defaultMemoryLimit)
    defer { worker.stop() }
    return worker.confinement
  }
}
