import ArgumentParser
import Basics
import Inspect

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "What this program finds on this machine, and what is wrong with it.",
    discussion: examples("pipeline doctor", "pipeline doctor --shards /data/shards"))

  @Option(help: .value("directory", "Training shards.")) var shards = "shards"
  @OptionGroup var place: WorkspaceOption
  @OptionGroup(title: "GENERAL") var common: LookOptions

  func run() throws {
    common.begin()
    let diagnosis = Diagnosis(
      workspace: place.workspace, shards: shards, worker: try DecodeWorkerCommand.command())
    Console.say("pipeline: \(Pipeline.configuration.version)")
    for line in diagnosis.lines {
      Console.say("\(line.name): \(line.value)")
      let problem = line.problem?.hinted
      if let problem { Console.say("  problem: \(problem)") }
      Console.event(
        "finding",
        ["name": line.name, "problem": problem?.description ?? ""].merging(machineFields("value", line.value)) { $1 })
    }
    guard diagnosis.problems.isEmpty else { throw Failure.unwell(diagnosis.problems.count) }
    Console.say("no problem found")
  }
}
