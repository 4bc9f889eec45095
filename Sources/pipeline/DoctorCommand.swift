import ArgumentParser
import Basics
import Inspect

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "What this program finds on this machine, and what is wrong with it.")

  @Option(help: "Training shards.") var shards = "shards"
  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    let diagnosis = Diagnosis(workspace: common.workspace, shards: shards)
    Console.say("pipeline: \(Pipeline.configuration.version)")
    for line in diagnosis.lines {
      Console.say("\(line.name): \(line.value)")
      let problem = line.problem?.hinted
      if let problem { Console.say("  problem: \(problem)") }
      Console.event("finding", ["name": line.name, "value": line.value, "problem": problem?.description ?? ""])
    }
    if !diagnosis.problems.isEmpty { throw Failure.unwell(diagnosis.problems.count) }
  }
}
