import ArgumentParser
import Basics
import Foundation
import Inspect
import Kernels
import Shards

struct InspectCommand: ParsableCommand {
  private static let fewEntries = 12

  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "What a file or a directory is, what is in it, and what takes it.",
    discussion: examples("pipeline inspect weights.bin", "pipeline inspect shards/"))

  @Argument(help: .value("path", "A file or a directory of any kind that this tool reads or writes.")) var file: String
  @Option(help: .value("gelu|quick-gelu", "Of a CLIP model without a configuration beside it.")) var activation: String?
  @Flag(help: "List everything in the file; otherwise the first \(fewEntries) entries.") var all = false
  @OptionGroup(title: "GENERAL") var common: LookOptions
  @OptionGroup(visibility: .hidden) var place: WorkspaceOption

  func run() throws {
    common.begin()
    Progress.begin("reading \(file)")
    let context = InspectionContext(
      activation: try parsed("--activation", activation, GELUKind.init(rawValue:)),
      workerCommand: try DecodeWorkerCommand.command())
    let inspection = try Inspection(file, context)
    Console.say("\(file): \(inspection.kind)")
    Console.event("inspected", ["path": file, "kind": inspection.kind, "next": inspection.next.map(\.command)])
    for section in inspection.sections {
      Console.say("\n\(section.title)")
      for (key, value) in section.properties {
        Console.say("\(key): \(value)")
        Console.event(
          "property", ["section": section.title, "key": key].merging(machineFields("value", value)) { $1 })
      }
    }
    show(inspection.entries)
    for warning in inspection.warnings { Console.warn(warning) }
    if !inspection.next.isEmpty { Console.say("\nwhat takes it:") }
    for next in inspection.next {
      if let condition = next.condition { Console.say("  \(condition):") }
      Console.say("  \(next.command)")
    }
  }

  private func show(_ entries: [FileContents.Entry]) {
    guard !entries.isEmpty else { return }
    for entry in entries {
      Console.event("entry", ["name": entry.name, "type": entry.kind, "shape": entry.numbers ?? entry.shape])
    }
    let shown = entries.count > Self.fewEntries && !all ? entries.prefix(Self.fewEntries) : entries[...]
    var table = Table()
    for entry in shown { table.add(entry.name, entry.kind, entry.shape) }
    Console.say("\ncontents")
    Console.say(table)
    let folded = entries.count - shown.count
    if folded > 0 { Console.say("… \(folded) more: --all lists them") }
  }
}
