import ArgumentParser
import Basics
import Prepare
import Report

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "One page with the data, the stages, the training and what came of it.",
    discussion: "The page holds everything in itself. With --watch it is served on 127.0.0.1 and reloads itself."
      + "\n\n" + examples("pipeline report --out report.html", "pipeline report --watch"))

  @Option(help: .value("file", "The page to write.")) var out = "report.html"
  @Option(name: .customLong("run"), help: .value("name", "Which run. (default: the one trained last)")) var runName:
    String?
  @Option(help: .value("directory", "Training shards. (default: where prepare put them last)")) var shards: String?
  @Option(help: .value("clips", "Clips to look at and listen to.")) var gallery = 12
  @Flag(help: "Serve the page on this machine while training goes on, until interrupted.") var watch = false
  @Option(help: .value("number", "With --watch: the port; 0 takes any that is free.")) var port = 8765
  @Option(help: .value("count", "Threads.")) var threads = Machine.processors
  @OptionGroup(title: "GENERAL") var common: WorkspaceOptions

  func run() throws {
    common.begin()
    var settings = ReportSettings()
    (settings.workspace, settings.shards, settings.run) = (common.workspace, shards, runName)
    settings.gallery = max(0, gallery)
    settings.threads = max(1, threads)
    guard (0...65_535).contains(port) else {
      throw Failure(
        "usage.value", "a port is wanted", on: "--port", found: "\(port)", expected: "0 to 65535", exit: .usage)
    }
    // During training, the page uses one thread and few clips.
    if watch { (settings.threads, settings.mostHeld) = (1, min(settings.mostHeld, 100)) }
    let job = ReportJob(settings) { [workspace = common.workspace] in try PreparedWorkspace(workspace) }
    if common.dryRun {
      try job.plan()
      return Console.say("would write \(out)")
    }
    Progress.begin("reading what prepare and distill left")
    if watch { try job.serve(port: port, show) } else { try job.run(to: out, show) }
  }

  private func show(_ event: ReportJob.Event) {
    switch event {
    case .working(let progress): Progress.show(progress)
    case .note(let text): Console.note(text)
    case .written(let path, let bytes):
      Console.say("\(path): \(byteText(bytes))")
      Console.event("report", ["file": path, "bytes": bytes])
    case .serving(let address):
      Progress.end()
      Console.say("\(address) (Ctrl-C ends it)")
      Console.event("serving", ["address": address])
    }
  }
}

/// A report shows the results of `prepare`.
extension PreparedWorkspace: PreparedData {}
