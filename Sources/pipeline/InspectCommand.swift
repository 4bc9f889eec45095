import ArgumentParser
import Basics
import Foundation
import Inspect
import Kernels

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "What is in a file: weights, vectors, shards.")

  @Argument(help: "A .bin, .pt, .safetensors, .onnx, .npy, .npz or .tar file, or a directory with a CLIP model.")
  var file: String
  @Option(help: "gelu or quick-gelu: of a CLIP model without a configuration beside it.") var activation: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    let inspection = try Inspection(file, activation: try parsed("--activation", activation, GELUKind.init(rawValue:)))
    var table = Table()
    for entry in inspection.entries {
      table.add(entry.name, entry.kind, entry.shape)
      Console.event("entry", ["name": entry.name, "type": entry.kind, "shape": entry.shape])
    }
    Console.say(table.text)
    for section in inspection.sections {
      Console.say("\n\(section.title)")
      for (key, value) in section.properties {
        Console.say("\(key): \(value)")
        Console.event("property", ["section": section.title, "key": key, "value": value])
      }
    }
  }
}
