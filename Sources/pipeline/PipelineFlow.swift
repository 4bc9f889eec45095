import ArgumentParser
import Basics
import Corpus
import Distill
import Flow
import Foundation
import Prepare
import Runs

/// The steps of a pipeline file in their order: prepare, distill, export, and the user's own stages between them.
struct PipelineFlow {
  enum Step {
    case shell(ShellStage)
    /// Frames alone, for the stages that make teacher vectors of them.
    case frames
    case prepare, distill, export

    /// Whether it stands between the frames and `prepare`.
    var makesVectors: Bool { if case .shell(let stage) = self { stage.position == .afterFrames } else { false } }

    /// What `--until` calls it.
    var name: String {
      switch self {
      case .shell(let stage): stage.name
      case .frames: "frames"
      case .prepare: "prepare"
      case .distill: "distill"
      case .export: "export"
      }
    }
  }

  let file: PipelineFile?
  let common: CommonOptions
  /// What `prepare` is told besides the file.
  var videos: [String] = []
  var options: PrepareOptions

  private var shell: ShellFlow { ShellFlow(common: common) }
  private var exportPath: String { file?.text("export", "file") ?? "weights.bin" }

  /// Carries the steps out, or with `--dry-run` says what each would do.
  /// - Parameter until: the last step; nil for all.
  func run(until: String?) throws {
    let steps = try steps(until: until)
    var leftOut: Failure?
    var isPending = false
    for step in steps {
      if Interruption.isRequested { throw Interruption.failure }
      do {
        if common.dryRun { try plan(step, steps, &isPending) } else { try carryOut(step) }
      } catch let failure as Failure where failure.exit == .tooManyLeftOut {
        // Everything else is kept: training goes on, and the exit status remembers.
        Console.warn("\(failure)")
        leftOut = failure
      }
    }
    if let leftOut { throw leftOut }
  }

  /// - Throws: a usage error for a step that does not exist, or a stage after frames where none are written.
  private func steps(until: String?) throws -> [Step] {
    let stages = file?.shellStages ?? []
    func own(_ position: ShellStage.Position) -> [Step] {
      stages.filter { $0.position == position }.map { .shell($0) }
    }
    var steps = own(.beforePrepare)
    let afterFrames = own(.afterFrames)
    if !afterFrames.isEmpty { steps += [.frames] + afterFrames }
    steps += [.prepare] + own(.afterPrepare) + [.distill] + own(.afterDistill) + [.export] + own(.afterExport)
    guard let until else { return steps }
    guard let last = steps.firstIndex(where: { $0.name == until }) else {
      let names = steps.map(\.name)
      throw Failure(
        "usage.until", "the pipeline file has no such stage", on: until, expected: names.joined(separator: ", "),
        hint: nearest(until, in: names).map { "did you mean \($0)?" }, exit: .usage)
    }
    return Array(steps[...last])
  }

  // MARK: Doing it

  private func carryOut(_ step: Step) throws {
    switch step {
    case .shell(let stage): try shell.run(stage)
    case .frames: try PrepareFlow(settings: try frameSettings(), common: common, framesOnly: true).run()
    case .prepare: try PrepareFlow(settings: try prepareSettings(), common: common).run()
    case .distill: try DistillFlow(settings: try distillSettings(), common: common).run()
    case .export: try export()
    }
  }

  private func prepareSettings() throws -> PrepareSettings {
    try options.settings(videos: videos, common: common, file: file)
  }

  private func frameSettings() throws -> PrepareSettings {
    var settings = try prepareSettings()
    guard settings.framesOut != nil else {
      throw Failure(
        "stages.frames", "a stage stands after frames, but none are written", on: common.pipelineFile,
        expected: "prepare: frames-out: DIR", exit: .usage)
    }
    settings.embeddings = []
    return settings
  }

  private func distillSettings() throws -> DistillSettings {
    try DistillOptions.parse([]).settings(common: common, file: file)
  }

  private func export() throws {
    let choice = try parsed("checkpoint", file?.text("export", "checkpoint"), TrainedStudent.Choice.init) ?? .best
    try ExportCommand.export(to: exportPath, run: nil, choice: choice, common: common)
  }

  // MARK: What would be done

  /// - Parameter isPending: whether something before this step would run, so that what this one finds is not known yet.
  private func plan(_ step: Step, _ steps: [Step], _ isPending: inout Bool) throws {
    switch step {
    case .shell(let stage):
      if isPending { return wait("stage \(stage.name)", after: stage.position.predecessor) }
      if try shell.plan(stage) { isPending = true }
    case .frames: isPending = try isPending || PrepareFlow(settings: frameSettings(), common: common).plan()
    case .prepare:
      if isPending, steps.contains(where: \.makesVectors) { return wait("prepare", after: "the stages before it") }
      var settings = try prepareSettings()
      // What a stage has yet to make is not there to be planned with.
      if steps.contains(where: \.makesVectors) { settings.embeddings.removeAll { !Files.exists($0) } }
      if try PrepareFlow(settings: settings, common: common).plan() { isPending = true }
    case .distill:
      if isPending { return wait("distill", after: "prepare") }
      isPending = try DistillFlow(settings: try distillSettings(), common: common).plan()
    case .export:
      if isPending { return wait("export \(exportPath)", after: "distill") }
      try export()
    }
  }

  private func wait(_ what: String, after: String) {
    Console.say("\(what): after \(after)")
    Console.event("plan", ["stage": String(what.prefix { $0 != " " }), "mayRun": 1])
  }
}
