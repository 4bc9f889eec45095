import ArgumentParser
import Basics
import Foundation

/// Selects this process's part of work that is spread over machines.
struct PartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Work on one of several parts: i/n, i from 0; auto takes i and n from the environment, auto/n takes i.",
      valueName: "i/n|auto|auto/n"))
  var part: PartChoice?

  /// The requested part, also printed in one line; nil when there is none. Without a request, a line is printed if the
  /// environment looks like one of several tasks.
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
