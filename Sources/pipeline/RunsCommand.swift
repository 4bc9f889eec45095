import ArgumentParser
import Basics
import Foundation
import Runs

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List runs, give them names, remove them.",
    discussion: """
      A run is named by its identity, by the name that `pipeline distill --name` or `pipeline runs rename` gave it, or by as \
      much of the beginning of either as no other run has (of the identity, at least four characters).
      """,
    subcommands: [ListRunsCommand.self, RenameRunCommand.self, RemoveRunsCommand.self],
    defaultSubcommand: ListRunsCommand.self)
}

/// The directory of the runs.
struct RunsDirectoryOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The directory with the runs.", valueName: "directory")) var runs = "runs"

  var list: RunList { RunList(runs) }
}

struct ListRunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "One line a run: name, date, data, epochs, losses, scores.",
    discussion: examples("pipeline runs", "pipeline status --runs"))

  @OptionGroup var place: RunsDirectoryOptions
  @OptionGroup(title: "GENERAL") var common: PlainOptions

  func run() throws {
    common.begin()
    let list = place.list
    RunsTable.show(list)
    if list.isEmpty { Console.say("nothing was trained yet in \(list.directory)") }
  }
}

struct RenameRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rename", abstract: "Give a run a name, or another one. Its weights and its identity stay.",
    discussion: examples("pipeline runs rename 600f baseline"))

  @Argument(help: .value("run", "The run: its name or its identity, or the beginning of either.")) var named: String
  @Argument(help: .value("new name", "What it is called from now on: letters, digits, - and _.")) var name: String
  @OptionGroup var place: RunsDirectoryOptions
  @OptionGroup(title: "GENERAL") var common: PlainOptions

  func run() throws {
    common.begin()
    let list = place.list
    let found = try list.named(named)
    try RunName.check(name, for: found.name, in: list)
    if common.dryRun { return Console.say("would call run \(found.title) \(name)") }
    try RunName.write(name, to: found.directory)
    let before = found.givenName.map { ", which was called \($0)," } ?? ""
    Console.say("run \(found.name)\(before) is called \(name)")
    Console.event("renamed", ["run": found.name, "name": name, "before": found.givenName as Any? ?? NSNull()])
  }
}

struct RemoveRunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Remove runs with their checkpoints, records and scores. Asks first.",
    discussion: "Exported weights are files of their own and stay. A run that is being trained is not removed."
      + "\n\n" + examples("pipeline runs rm baseline", "pipeline runs rm 600f 7342 --yes"))

  @Argument(help: .value("run", "The runs.")) var names: [String]
  @Flag(help: "Do not ask.") var yes = false
  @OptionGroup var place: RunsDirectoryOptions
  @OptionGroup(title: "GENERAL") var common: PlainOptions

  func run() throws {
    common.begin()
    let removal = try RunRemoval(names, in: place.list)
    for item in removal.items { describe(item) }
    if common.dryRun { return Console.say("would free \(byteText(removal.bytes))") }
    guard yes || Console.asks("Remove \(counted(removal.items.count, "run")), \(byteText(removal.bytes))?") else {
      throw Failure(
        "runs.kept", "nothing was removed", hint: "to remove without being asked: --yes", exit: .usage)
    }
    for item in removal.items {
      try removal.remove(item)
      Console.say("removed run \(item.run.title): \(byteText(item.bytes))")
      Console.event("removed", ["run": item.run.name, "bytes": item.bytes])
    }
  }

  private func describe(_ item: RunRemoval.Item) {
    let scores = item.summary.scores.isEmpty ? "" : ", \(counted(item.summary.scores.count, "evaluation"))"
    Console.note(
      "run \(item.run.title): \(counted(item.summary.steps, "step"))\(scores), \(byteText(item.bytes)), last trained "
        + TrainedTime.text(item.run.trained))
    if !item.children.isEmpty {
      Console.note("  its weights are where \(item.children.joined(separator: ", ")) started; those keep their own")
    }
  }
}
