import ArgumentParser
import Basics
import Corpus
import Flow
import Foundation
import Prepare
import Runs
import StageGraph
import Training

struct StatusCommand: PipelineFileCommand {
  static let section = PrepareCommand.section
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "What the workspace holds: clips by verdict, runs.",
    discussion: """
      With --remote: what the remote cache holds of the clips in VIDEOS. It takes the options of prepare, since they decide what \
      a clip's results are: pipeline status --remote videos/ --remote-cache file:///shared/cache
      """
        + "\n\n" + examples("pipeline status", "pipeline status --quarantine", "pipeline status --runs"))

  @Argument(help: "With --remote: directories or files with clips. (default: the pipeline file's)")
  var videos: [String] = []

  @Flag(help: "List every clip that was left out, with its reasons.") var quarantine = false
  @Flag(help: "List runs: name, date, data, epochs, losses, scores.") var runs = false
  @Flag(help: "Count what the remote cache has of the clips, and what is missing. No video is read.") var remote = false
  @Option(help: .value("count", "With --remote: of how many parts each has clips that are missing.")) var parts: Int?
  @OptionGroup(visibility: .hidden) var options: PrepareOptions
  @OptionGroup(title: "GENERAL") var common: CommonOptions

  func validate() throws { try check("--parts", parts, 1...WorkPart.most) }

  func run(_ file: PipelineFile?) throws {
    Progress.begin("reading the catalog")
    if remote {
      let videos = videos.isEmpty ? file?.list(Self.section, "videos") ?? [] : videos
      return try RemoteStatusReport(options.settings(videos: videos, workspace: common.workspace), parts: parts).show()
    }
    guard videos.isEmpty else {
      throw Failure(
        "usage.videos", "only the remote cache is compared with videos", on: videos[0], expected: "--remote",
        exit: .usage)
    }
    let found = RunList("runs")
    if quarantine || !runs { try showClips(hasRuns: !found.runs.isEmpty) }
    if quarantine { return }
    RunsTable.show(found)
    if !runs, !found.runs.isEmpty {
      let bytes = found.runs.reduce(0) { $0 + $1.bytes }
      Console.say("\(counted(found.runs.count, "run")): \(byteText(bytes)) in \(found.directory)")
      Console.event("runs", ["count": found.runs.count, "bytes": bytes])
    }
    if runs, found.runs.isEmpty { Console.say("nothing was trained yet") }
  }

  /// - Throws: `workspace.missing` when there are neither clips nor runs.
  private func showClips(hasRuns: Bool) throws {
    if !quarantine, hasRuns, try Catalog.readerIfThere(common.workspace) == nil {
      return Console.note("\(common.workspace): no workspace, so nothing is known of clips; these are the runs")
    }
    let catalog = try Catalog.reader(common.workspace)
    let verdicts = try PreparedWorkspace(catalog).verdicts()
    if quarantine { return list(verdicts.filter { $0.state == .leftOut }) }
    try summarize(verdicts, catalog)
  }

  private func list(_ verdicts: [ClipVerdict]) {
    var table = Table()
    for verdict in verdicts {
      table.add(
        verdict.file.isEmpty || ClipID.stem(ofFile: Files.name(verdict.file)) == verdict.id
          ? (verdict.file.isEmpty ? verdict.id : verdict.file) : "\(verdict.id) (\(verdict.file))",
        verdict.reason?.rawValue ?? "",
        verdict.findings.map { "\($0.code): \($0.evidence)" }.joined(separator: "; "))
      Console.event(
        "left-out",
        [
          "id": verdict.id, "file": verdict.file, "reason": verdict.reason?.rawValue ?? "",
          "findings": verdict.findings.map { ["code": $0.code.rawValue, "evidence": $0.evidence] },
        ])
    }
    if verdicts.isEmpty { Console.say("no clip is left out") } else { Console.say(table) }
  }

  private func summarize(_ verdicts: [ClipVerdict], _ catalog: Catalog) throws {
    let counts = ClipCounts(verdicts)
    Console.say(
      "\(counted(counts.clips, "clip")): \(counts.kept) kept, \(counts.warned) with a warning, \(counts.leftOut) left out"
        + (counts.unmatched > 0
          ? "; \(counts.unmatched) rows of the manifest without a file, or files without a row" : ""))
    if try GarbageRule(catalog).isUnfinished {
      Console.say("a prepare is at work here, or was stopped: what it has done so far is kept and not counted")
    }
    Console.event(
      "status",
      [
        "clips": counts.clips, "unmatched": counts.unmatched, "kept": counts.kept, "warned": counts.warned,
        "leftOut": counts.leftOut, "storedBytes": try catalog.storedBytes(),
      ])
    PrepareReport.show(ReasonCount.rows(verdicts))
    let workspace = try PreparedWorkspace(catalog)
    if let line = try workspace.splitLine(shards: try workspace.shards()) { Console.say(line) }
    Console.say("stored: \(byteText(try catalog.storedBytes())) in \(common.workspace)")
    try tell(work: StageTimes(catalog))
  }

  /// Reports the work of the last `prepare` that ran any stage, if other workspaces did some of it.
  private func tell(work: StageTimes?) {
    guard let rows = work?.rows else { return }
    let fetched = rows.reduce(0) { $0 + $1.fetched }
    guard fetched > 0 else { return }
    let ran = rows.reduce(0) { $0 + $1.ran }
    Console.say("the last prepare: \(ran) actions ran, \(fetched) from the remote cache")
    Console.event("last-prepare", ["ran": ran, "fetched": fetched])
  }
}
