// The inspectors of `pipeline inspect`: one for each kind of thing that this tool reads or writes. To add one, write a
// new file with a type, and add a line to `builtInInspectors`.

import Basics
import Kernels
import Media

protocol Inspector: Sendable {
  /// The name of the kind: `audio or video`.
  static var kind: String { get }
  /// Whether a path is of this kind. Looks only at names and at the beginning of a file.
  static func recognizes(_ path: String) -> Bool
  /// - Throws: a `Failure` for a damaged file.
  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection
}

/// What an inspector may need besides the file.
package struct InspectionContext: Sendable {
  /// The activation of a CLIP model that has no configuration file.
  package var activation: GELUKind?
  /// The command that starts a decode worker: no other process opens media.
  package var workerCommand: WorkerLaunch

  package init(activation: GELUKind? = nil, workerCommand: WorkerLaunch = []) {
    (self.activation, self.workerCommand) = (activation, workerCommand)
  }
}

/// All inspectors, the more specific ones first.
let builtInInspectors: [any Inspector.Type] = [
  CLIPInspector.self, DirectoryInspector.self, CheckpointInspector.self, ShardInspector.self, WeightsInspector.self,
  EmbeddingsInspector.self, RecordInspector.self, TableInspector.self, MediaInspector.self,
]
