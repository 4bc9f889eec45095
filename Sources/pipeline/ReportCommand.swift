import ArgumentParser
import Basics
import Foundation
import Prepare
import Report

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "One page with the data, the stages, the training and what came of it.",
    discussion: "The page holds everything in itself. With --watch it is served on 127.0.0.1 and reloads itself.")

  @Option(help: "The page to write.") var out = "report.html"
  @Option(name: .customLong("run"), help: "Which run; default: the one trained last.") var runName: String?
  @Option(help: "Training shards; default: where prepare put them last.") var shards: String?
  @Option(help: "Clips to look at and listen to.") var gallery = 12
  @Flag(help: "Serve the page on this machine while training goes on, until interrupted.") var watch = false
  @Option(help: "With --watch: the port; 0 takes any that is free.") var port = 8765
  @Option(help: "Threads.") var threads = ProcessInfo.processInfo.activeProcessorCount
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    var settings = ReportSettings()
    (settings.workspace, settings.shards, settings.run) = (common.workspace, shards, runName)
    settings.gallery = max(0, gallery)
    settings.threads = max(1, threads)
    guard (0...65_535).contains(port) else {
      throw Failure(
        "usage.value", "a port is wanted", on: "--port", found: "\(port)", expected: "0 to 65535", exit: .usage)
    }
    // While training goes on, the page takes one thread and few clips.
    if watch { (settings.threads, settings.mostHeld) = (1, min(settings.mostHeld, 100)) }
    let material = ReportMaterial(settings) { [workspace = common.workspace] in try PreparedWorkspace(workspace) }
    let content = try material.content()
    if common.dryRun { return Console.say("would write \(out)") }
    content.notes.forEach(Console.note)
    if watch { return try serve(material) }
    let page = Array(ReportPage.html(content).utf8)
    try Files.makeFolder(Files.parent(out))
    try Files.write(page, to: out)
    Console.say("\(out): \(page.count / 1024) KiB")
    Console.event("report", ["file": out, "bytes": page.count])
  }

  private func serve(_ material: ReportMaterial) throws {
    let server = try PageServer(port: port)
    Console.say("\(server.address) (Ctrl-C ends it)")
    Console.event("serving", ["address": server.address])
    server.run(
      page: {
        let state = material.state
        do {
          return ReportPage.html(try material.content(), state: state)
        } catch {
          // What is being written right now may be there next time.
          var content = ReportContent(title: "Pipeline report")
          content.notes = ["\(error)"]
          return ReportPage.html(content, state: state)
        }
      }, state: { material.state })
  }
}

extension PreparedWorkspace: PreparedData {}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Two runs side by side: what differs in them, their curves and their scores.")

  @Argument(help: "A run.") var first: String
  @Argument(help: "Another run.") var second: String
  @Option(help: "The page to write; default: none.") var out: String?
  @Option(help: "The folder with the runs.") var runs = "runs"
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    let comparison = try RunComparison(first, second, runs: runs)
    var table = Table()
    table.add("", "", comparison.first, comparison.second)
    for difference in comparison.differences {
      table.add(difference.kind, difference.name, difference.first, difference.second)
      Console.event(
        "difference",
        [
          "kind": difference.kind, "name": difference.name, "first": difference.first, "second": difference.second,
        ])
    }
    Console.say(comparison.differences.isEmpty ? "parameters, data and tools are the same" : table.text)
    show(comparison)
    guard let out else { return }
    if common.dryRun { return Console.say("would write \(out)") }
    let page = comparison.page
    try Files.makeFolder(Files.parent(out))
    try Files.write(page, to: out)
    Console.say("\(out): \(page.utf8.count / 1024) KiB")
  }

  private func show(_ comparison: RunComparison) {
    var last = ""
    var table = Table()
    func flush() {
      if !last.isEmpty { Console.say("\n\(last)\n\(table.text)") }
      table = Table()
      table.add("row", "score", comparison.first, comparison.second, "difference")
    }
    for score in comparison.scores {
      if score.evaluation != last {
        flush()
        last = score.evaluation
      }
      table.add(
        score.row, score.score, EvaluationReport.cell(score.first), EvaluationReport.cell(score.second),
        RunComparison.signed(score.difference))
      Console.event(
        "score",
        [
          "evaluation": score.evaluation, "row": score.row, "score": score.score, "first": score.first.mean,
          "second": score.second.mean,
        ])
    }
    flush()
  }
}
