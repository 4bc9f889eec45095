import ArgumentParser
import Basics
import Flow
import Prepare
import Runs
import StageGraph

struct GraphCommand: PipelineFileCommand {
  static let section = PrepareCommand.section
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "The stages and what they take from each other, in dot or mermaid.",
    discussion: examples("pipeline graph | dot -Tsvg > graph.svg", "pipeline graph --mermaid"))

  @Flag(help: "Mermaid instead of dot.") var mermaid = false
  @OptionGroup var options: PrepareOptions
  @OptionGroup(title: "GENERAL") var common: CommonOptions

  func run(_ file: PipelineFile?) throws {
    let given = file?.list(Self.section, "videos") ?? []
    var settings = try options.settings(videos: given.isEmpty ? ["videos"] : given, workspace: common.workspace)
    let catalog = Files.exists("\(common.workspace)/catalog.sqlite") ? try Catalog.reader(common.workspace) : nil
    if let shards = try catalog?.directory(of: .shards), options.output.shards == nil { settings.shards = shards }
    let diagram = try diagram(settings, catalog).with(runs: RunList("runs").runs.count)
    Console.say(mermaid ? diagram.mermaid : diagram.dot)
    for node in diagram.nodes {
      Console.event("node", ["name": node.name].merging(machineFields("count", node.count ?? "-")) { $1 })
    }
    for edge in diagram.edges { Console.event("edge", ["from": edge.from, "to": edge.to]) }
  }

  /// The stages that the options ask for; when they name no teacher, those that have run.
  private func diagram(_ settings: PrepareSettings, _ catalog: Catalog?) throws -> StageDiagram {
    if settings.hasTeacher { return try StageDiagram(settings, catalog) }
    return try StageDiagram(shards: settings.shards, catalog)
  }
}
