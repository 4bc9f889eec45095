import ArgumentParser
import Basics
import Foundation

/// Work that is spread over machines: which part of it is this process's.
struct PartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Work on one of several parts: i/n, i from 0; auto takes i and n from the environment, auto/n takes i.",
      valueName: "i/n|auto|auto/n"))
  var part: PartChoice?

  /// The part that is asked for, shown in one line; nil where none is. Where none is and the environment looks as if
  /// there were several tasks, one line says so.
  /// - Throws: `usage.part`.
  func chosen(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> WorkPart? {
    let environment = PartEnvironment(environment)
    guard let part else {
      if let sign = environment.sign {
        Console.note("this looks like one of several tasks (\(sign)): without --part it does the whole work")
      }
      return nil
    }
    let chosen = try environment.part(part)
    let number = chosen.part
    let gaps = chosen.unowned > 0 ? "; the array has gaps, and \(chosen.unowned) parts are nobody's" : ""
    Console.say("part \(number.index) of \(number.count), counted from 0 (\(chosen.source))\(gaps)")
    Console.event(
      "part", ["part": number.index, "of": number.count, "from": chosen.source, "unowned": chosen.unowned])
    return number
  }
}
