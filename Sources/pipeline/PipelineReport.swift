import Basics
import Distill
import Export
import Flow
import Foundation
import Models
import Prepare
import StageGraph

/// Runs all steps of a pipeline file for the command line, and prints events for people or as JSON.
struct PipelineReport {
  let file: PipelineFile?
  let common: CommonOptions
  /// The clips and options that `prepare` gets besides the file.
  var videos: [String] = []
  var options: PrepareOptions

  private var exportPath: String { file?.text(ExportCommand.section, "file") ?? "weights.bin" }

  /// Runs the steps, or with `--dry-run` reports what each would do.
  /// - Parameter until: the last step; nil for all steps.
  func run(until: String?) throws {
    let job = try PipelineJob(
      stages: file?.shellStages ?? [], until: until, workspace: common.workspace, exportPath: exportPath, work: self)
    try check(job)
    let (isQuiet, explains) = (Console.isQuiet, common.explain)
    if common.dryRun {
      try job.plan { Self.show($0, isQuiet: isQuiet, explains: explains) }
    } else {
      try job.run { Self.show($0, isQuiet: isQuiet, explains: explains) }
    }
  }

  /// Checks everything that can be wrong before anything runs. The values in the file were checked when it was read.
  private func check(_ job: PipelineJob) throws {
    let file = file
    let place = { (section: String, key: String) in file?.place(section, key) }
    _ = try distillSettings()
    do { _ = try WeightFiles.format(for: exportPath) } catch var failure as Failure {
      (failure.subject, failure.found) = (place(ExportCommand.section, "file") ?? exportPath, exportPath)
      throw failure
    }
    if file?.shellStages.contains(where: { $0.position == .afterFrames }) ?? false { _ = try frameSettings() }
    let made = job.madeBeforePrepare
    let isThere = { (path: String) in
      Files.exists(path) || made.contains { ShellStage.overlap($0, ShellStage.plain(path)) }
    }
    let videos = chosenVideos
    for (key, paths, flag) in [
      ("videos", videos, "videos"), ("manifest", options.clips.manifest.map { [$0] } ?? [], "--manifest"),
      ("clip", options.teacher.clip.map { [$0] } ?? [], "--clip"),
    ] {
      for path in paths where !isThere(path) {
        throw Failure(
          "stages.absent", "the file names what is not there, and no stage before prepare makes it",
          on: place(PrepareCommand.section, key) ?? flag, found: path, exit: .usage)
      }
    }
    // A model that a stage will create is opened only once it exists.
    if options.teacher.clip.map(Files.exists) ?? true { _ = try prepareSettings() }
    try job.checkInputs(own: [
      "frames": options.frames.framesOut.map { [$0] } ?? [],
      "prepare": [
        options.output.shards ?? PrepareSettings().shards, options.frames.framesOut, options.teacher.embeddingsOut,
        common.workspace,
      ]
      .compactMap(\.self).map(ShellStage.plain),
      "distill": ["runs"], "export": [ShellStage.plain(exportPath)],
    ])
  }

  // MARK: What a step tells

  private static func show(_ event: PipelineJob.Event, isQuiet: Bool, explains: Bool) {
    switch event {
    case .shell(let stage, let event): show(stage, event, isQuiet: isQuiet, explains: explains)
    case .planned(let stage, let plan): show(stage, plan)
    case .waits(let what, let after):
      Console.say("\(what): after \(after)")
      Console.event("plan", ["stage": String(what.prefix { $0 != " " }), "mayRun": 1])
    case .leftOut(let failure): Console.warn(failure)
    }
  }

  private static func show(_ stage: ShellStage, _ event: ShellStageJob.Event, isQuiet: Bool, explains: Bool) {
    switch event {
    case .upToDate:
      Console.say("stage \(stage.name): up to date")
      Console.event("stage", ["name": stage.name, "ran": false])
    case .started(let reasons):
      // The command's output is passed through as it comes, so no bar may be shown meanwhile.
      Progress.end()
      if explains { Console.say("shell \(stage.name): \(words(reasons))") }
      Console.event("reason", ["stage": "shell", "subject": stage.name, "reasons": reasons.map(\.code)])
    case .output(let bytes):
      // The command's output is not a result of this tool, so it goes to stderr.
      if !isQuiet { try? bytes.withUnsafeBytes { try writeAll($0, to: 2, path: "output") } }
    case .ran(let seconds):
      Console.say("stage \(stage.name): ran \(one(seconds)) s")
      Console.event("stage", ["name": stage.name, "ran": true, "seconds": seconds])
    }
  }

  private static func show(_ stage: ShellStage, _ plan: ShellStageJob.Plan) {
    switch plan {
    case .upToDate:
      Console.say("stage \(stage.name): up to date")
      Console.event("plan", ["stage": stage.name, "run": 0])
    case .run(let reasons):
      Console.say("stage \(stage.name): would run: \(words(reasons))")
      Console.event("plan", ["stage": stage.name, "run": 1])
    case .neverRan: Console.say("stage \(stage.name): would run: \(RebuildReason.neverBuilt)")
    case .waits(let input): Console.say("stage \(stage.name): after \(input ?? "its inputs")")
    }
  }

  private static func words(_ reasons: [RebuildReason]) -> String {
    reasons.map(\.description).joined(separator: "; ")
  }
}

/// The steps, each with the settings from the file and the flags.
extension PipelineReport: PipelineWork {
  func prepare() throws { try PrepareFlow(settings: try prepareSettings(), common: common).run() }

  func prepareFrames() throws {
    try PrepareFlow(settings: try frameSettings(), common: common, framesOnly: true).run()
  }

  func distill() throws { try DistillReport(try distillSettings(), explains: common.explain).run() }

  func export() throws {
    let settings = try exportSettings()
    try ExportJob(settings).run { ExportReport.show($0, settings) }
  }

  func planPrepare(ignoringAbsentEmbeddings: Bool) throws -> Bool {
    var settings = try prepareSettings()
    if ignoringAbsentEmbeddings { settings.embeddings.removeAll { !Files.exists($0) } }
    return try PrepareFlow(settings: settings, common: common).plan()
  }

  func planFrames() throws -> Bool { try PrepareFlow(settings: try frameSettings(), common: common).plan() }

  func planDistill() throws -> Bool {
    try DistillReport.plan(DistillJob(try distillSettings()), explains: common.explain)
  }

  func planExport() throws { try ExportReport.plan(ExportJob(try exportSettings())) }

  private var chosenVideos: [String] {
    videos.isEmpty ? file?.list(PrepareCommand.section, "videos") ?? [] : videos
  }

  private func prepareSettings() throws -> PrepareSettings {
    try options.settings(videos: chosenVideos, workspace: common.workspace)
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
    try DistillOptions.parse(file?.words(DistillCommand.section) ?? []).settings(workspace: common.workspace)
  }

  private func exportSettings() throws -> ExportSettings {
    var settings = ExportSettings(path: exportPath)
    settings.checkpoint = try ExportOptions.parse(file?.words(ExportCommand.section) ?? []).checkpoint
    return settings
  }
}
