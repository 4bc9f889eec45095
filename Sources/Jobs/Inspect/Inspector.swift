// One kind of thing that this tool reads or writes, as `pipeline inspect` shows it. To add one: a new file with a type,
// and a line in `builtInInspectors`.

import Basics
import Kernels
import Media

protocol Inspector: Sendable {
  /// What it is called: `audio or video`.
  static var kind: String { get }
  /// Whether a path is one. Looks at names, and at no more than the beginning of a file.
  static func recognizes(_ path: String) -> Bool
  /// - Throws: a `Failure` for what is damaged.
  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection
}

/// What looking at a file may need besides the file.
package struct InspectionContext: Sendable {
  /// Of a CLIP model without a configuration beside it.
  package var activation: GELUKind?
  /// What starts a decode worker: media are opened in no other process.
  package var workerCommand: WorkerLaunch

  package init(activation: GELUKind? = nil, workerCommand: WorkerLaunch = []) {
    (self.activation, self.workerCommand) = (activation, workerCommand)
  }
}

/// Every kind there is, the more special ones first.
let builtInInspectors: [any Inspector.Type] = [
  CLIPInspector.self, DirectoryInspector.self, CheckpointInspector.self, ShardInspector.self, WeightsInspector.self,
  EmbeddingsInspector.self, RecordInspector.self, TableInspector.self, MediaInspector.self,
]
