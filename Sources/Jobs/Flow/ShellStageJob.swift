import Basics
import StageGraph

/// Brings the outputs of one shell stage up to date.
package struct ShellStageJob: Sendable {
  package enum Event: Sendable {
    case upToDate
    case started([RebuildReason])
    /// The command's output, unchanged.
    case output([UInt8])
    case ran(seconds: Double)
  }

  package enum Plan: Sendable {
    case upToDate
    case run([RebuildReason])
    /// There is no workspace, so nothing has run yet.
    case neverRan
    /// An input does not exist yet; the associated value is its path with the stage's name.
    case waits(for: String?)
  }

  package let stage: ShellStage
  package let workspace: String

  package init(_ stage: ShellStage, workspace: String) { (self.stage, self.workspace) = (stage, workspace) }

  package func plan() throws -> Plan {
    guard let catalog = try Catalog.readerIfThere(workspace) else { return .neverRan }
    do {
      let run = try ShellStageRun(stage, catalog: catalog)
      return run.isUpToDate ? .upToDate : .run(run.reasons)
    } catch let failure as Failure where failure.code == "stages.input" {
      return .waits(for: failure.subject)
    }
  }

  /// - Throws: `stages.input`, `stages.failed`, `stages.output`.
  package func run(_ events: @escaping @Sendable (Event) -> Void) throws {
    let catalog = try Catalog.writer(workspace)
    defer { catalog.endWriting() }
    let run = try ShellStageRun(stage, catalog: catalog)
    if run.isUpToDate { return events(.upToDate) }
    events(.started(run.reasons))
    let start = ContinuousClock.now
    try run.run { events(.output(Array($0))) }
    events(.ran(seconds: (ContinuousClock.now - start) / .seconds(1)))
  }
}
