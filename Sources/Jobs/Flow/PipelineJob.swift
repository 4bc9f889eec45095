import Basics
import Corpus
import StageGraph

/// The tool's own steps, called by the job that orders them. Steps pass results to each other through files on disk.
package protocol PipelineWork {
  func prepare() throws
  /// Only the frames, for stages that make teacher embeddings from them.
  func prepareFrames() throws
  func distill() throws
  func export() throws

  /// Each of these reports what would be done.
  /// - Parameter ignoringAbsentEmbeddings: whether missing embeddings are expected, because stages that have not run
  ///   yet will make them.
  /// - Returns: whether anything would be done.
  func planPrepare(ignoringAbsentEmbeddings: Bool) throws -> Bool
  func planFrames() throws -> Bool
  func planDistill() throws -> Bool
  func planExport() throws
}

/// Runs the steps of a pipeline file in order: prepare, distill, export, and the user's own stages between them.
package struct PipelineJob {
  package enum Event: Sendable {
    case shell(ShellStage, ShellStageJob.Event)
    case planned(ShellStage, ShellStageJob.Plan)
    /// Nothing can be said about a step before another one has run.
    case waits(what: String, after: String)
    /// More clips were left out than allowed. Everything else is kept; the next steps run, and the job ends with this
    /// failure.
    case leftOut(Failure)
  }

  private let steps: [PipelineStep]
  private let workspace: String
  private let exportPath: String
  private let work: any PipelineWork

  /// - Parameters:
  ///   - stages: the user's own stages.
  ///   - until: the last step to run; nil for all steps.
  ///   - exportPath: the file that `export` writes, for messages.
  /// - Throws: `usage.until` for a step that does not exist.
  package init(
    stages: [ShellStage], until: String?, workspace: String, exportPath: String, work: any PipelineWork
  ) throws {
    steps = try PipelineStep.all(stages, until: until)
    (self.workspace, self.exportPath, self.work) = (workspace, exportPath, work)
  }

  /// Checks that every input of a stage exists or is made by an earlier step. Does not look at file contents.
  /// - Parameter own: the files and directories that the tool's own steps write, by step name.
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

  /// Paths that the user's stages write before `prepare` runs.
  package var madeBeforePrepare: [String] {
    steps.prefix { if case .prepare = $0 { false } else { true } }.flatMap { step -> [String] in
      if case .shell(let stage) = step { stage.outputs } else { [] }
    }
  }

  /// Runs the steps.
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

  /// Reports what each step would do.
  package func plan(_ events: (Event) -> Void) throws {
    // Whether an earlier step would run; then it is not known yet what the next step will find.
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
