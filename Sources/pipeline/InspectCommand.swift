import ArgumentParser
import Basics
import Foundation
import Inspect

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "What is in a file: weights, vectors, shards.")

  @Argument(help: "A .bin, .pt, .safetensors, .onnx, .npy, .npz or .tar file.")
  var file: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    _ = try common.begin()
    let inspection = try Inspection(file)
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
