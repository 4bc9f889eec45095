import Basics

/// The command that starts decode workers, and their restrictions.
package struct WorkerLaunch: Sendable, ExpressibleByArrayLiteral {
  /// The resolved path of the program, and its arguments.
  package var words: [String]
  package var sandbox: SandboxMode
  /// The formats and codecs that they decode.
  package var codecs: CodecSet

  package init(_ words: [String], sandbox: SandboxMode = .auto, codecs: CodecSet = .all) {
    (self.words, self.sandbox, self.codecs) = (words, sandbox, codecs)
  }

  package init(arrayLiteral words: String...) { self.init(words) }

  /// How a worker started this way is sandboxed, as it reports itself.
  /// - Throws: `worker.start`, `sandbox.missing`.
  package func confinement() throws -> Confinement {
    let worker = try DecodeWorkerProcess(self, memoryBytes: DecodeWorkerMain.defaultMemoryLimit)
    defer { worker.stop() }
    return worker.confinement
  }
}
