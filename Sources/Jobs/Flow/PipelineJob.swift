import Basics
import Corpus
import StageGraph

/// The tool's own steps, as the flow that orders them asks for them: what one step takes from another lies on disk.
package protocol PipelineWork {
  func prepare() throws
  /// Frames alone, for the stages that make teacher embeddings of them.
  func prepareFrames() throws
  func distill() throws
  func export() throws

  /// Each says what would be done.
  /// - Parameter ignoringAbsentEmbeddings: whether stages that have not run yet make them.
  /// - Returns: whether anything would.
  func planPrepare(ignoringAbsentEmbeddings: Bool) throws -> Bool
  func planFrames() throws -> Bool
  func planDistill() throws -> Bool
  func planExport() throws
}

/// The steps of a pipeline file in their order: prepare, distill, export, and the user's own stages between them.
package struct PipelineJob {
  package enum Event: Sendable {
    case shell(ShellStage, ShellStageJob.Event)
    case planned(ShellStage, ShellStageJob.Plan)
    /// A step of which nothing is known before another one has run.
    case waits(what: String, after: String)
    /// More clips were left out than allowed. Everything else is kept: the flow goes on, and ends with this failure.
    case leftOut(Failure)
  }

  private let steps: [PipelineStep]
  private let workspace: String
  private let exportPath: String
  private let work: any PipelineWork

  /// - Parameters:
  ///   - stages: the user's own.
  ///   - until: the last step; nil for all.
  ///   - exportPath: the file that `export` writes, for what is told of it.
  /// - Throws: `usage.until` for a step that does not exist.
  package init(
    stages: [ShellStage], until: String?, workspace: String, exportPath: String, work: any PipelineWork
  ) throws {
    steps = try PipelineStep.all(stages, until: until)
    (self.workspace, self.exportPath, self.work) = (workspace, exportPath, work)
  }

  /// Whether what each stage reads is there, or is made by a step before it. Looks at no file's content.
  /// - Parameter own: what the tool's own steps write, by the step's name: files and directories.
  /// - Throws: `stages.input`, with the stage's line.
  package func checkInputs(own: [String: [String]]) throws {
    var made: [String] = []
    for step in steps {
      guard case .shell(let stage) = step else {
        made += own[step.name] ?? []
        continue
      }
      for input in stage.inputs where !Files.exists(input) && !made.contains(where: { ShellStage.overlap($0, input) }) {
        throw Failure.stageInputNowhere(stage, input)
      }
      made += stage.outputs
    }
  }

  /// Paths that stages of the user's own write before `prepare` runs.
  package var madeBeforePrepare: [String] {
    steps.prefix { if case .prepare = $0 { false } else { true } }.flatMap { step -> [String] in
      if case .shell(let stage) = step { stage.outputs } else { [] }
    }
  }

  /// Carries the steps out.
  package func run(_ events: @escaping @Sendable (Event) -> Void) throws {
    try each(events) { step in
      switch step {
      case .shell(let stage): try ShellStageJob(stage, workspace: workspace).run { events(.shell(stage, $0)) }
      case .frames: try work.prepareFrames()
      case .prepare: try work.prepare()
      case .distill: try work.distill()
      case .export: try work.export()
      }
    }
  }

  /// Says what each step would do.
  package func plan(_ events: (Event) -> Void) throws {
    // Whether something before a step would run, so that what the step finds is not known yet.
    var isPending = false
    let makesEmbeddings = steps.contains(where: \.makesEmbeddings)
    try each(events) { step in
      switch step {
      case .shell(let stage):
        if isPending {
          return events(.waits(what: "stage \(stage.name)", after: stage.position.predecessor))
        }
        let plan = try ShellStageJob(stage, workspace: workspace).plan()
        events(.planned(stage, plan))
        if case .upToDate = plan { return }
        isPending = true
      case .frames: isPending = try isPending || work.planFrames()
      case .prepare:
        if isPending, makesEmbeddings { return events(.waits(what: "prepare", after: "the stages before it")) }
        if try work.planPrepare(ignoringAbsentEmbeddings: makesEmbeddings) { isPending = true }
      case .distill:
        if isPending { return events(.waits(what: "distill", after: "prepare")) }
        isPending = try work.planDistill()
      case .export:
        if isPending { return events(.waits(what: "export \(exportPath)", after: "distill")) }
        try work.planExport()
      }
    }
  }

  private func each(_ events: (Event) -> Void, _ body: (PipelineStep) throws -> Void) throws {
    var leftOut: Failure?
    for step in steps {
      if Interruption.isRequested { throw Interruption.failure }
      do { try body(step) } catch let failure as Failure where failure.exit == .tooManyLeftOut {
        events(.leftOut(failure))
        leftOut = failure
      }
    }
    if let leftOut { throw leftOut }
  }
}
