// Values of options: conversions for types of other modules, and checks for `validate`.

import ArgumentParser
import Audio
import Basics
import Corpus
import Kernels
import Runs
import Training

extension NormalizationScope: ExpressibleByArgument {}

extension ClipCut: ExpressibleByArgument {}

extension InstructionSet: ExpressibleByArgument {
  package init?(argument: String) {
    guard let set = InstructionSet.allCases.first(where: { $0.name == argument }) else { return nil }
    self = set
  }

  package static var allValueStrings: [String] { allCases.map(\.name) }
}

extension CheckpointInterval: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension TrainedModel.Choice: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension PartChoice: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

/// A positive number of bytes, such as `500M`, `20G` or `1T`, with powers of 1024.
struct ByteCount: Sendable, ExpressibleByArgument {
  private static let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]

  var bytes: Int

  init?(argument: String) {
    let shift = argument.last.flatMap { Self.units[Character($0.uppercased())] }
    let digits = shift == nil ? argument[...] : argument.dropLast()
    guard let number = Int(digits), number > 0, number <= Int.max >> (shift ?? 0) else { return nil }
    bytes = number << (shift ?? 0)
  }
}

/// A positive number, or `none`.
struct CountOrNone: Sendable, ExpressibleByArgument {
  var count: Int?

  init(_ count: Int?) { self.count = count }

  init?(argument: String) {
    let count = Int(argument)
    guard argument == "none" || count.map({ $0 > 0 }) ?? false else { return nil }
    self.count = count
  }

  var defaultValueDescription: String { count?.description ?? "none" }
}

/// - Throws: a usage error when the value is outside the range; nil passes.
func check<T: Comparable>(_ flag: String, _ value: T?, _ range: ClosedRange<T>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(flag): a number from \(range.lowerBound) to \(range.upperBound) is wanted, not \(value)")
}

func check<T: Comparable>(_ flag: String, _ value: T?, _ range: PartialRangeFrom<T>) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError("\(flag): at least \(range.lowerBound) is wanted, not \(value)")
}

func check(positive flag: String, _ value: Double?) throws {
  guard let value, !(value > 0 && value.isFinite) else { return }
  throw ValidationError("\(flag): a number over 0 is wanted, not \(value)")
}
